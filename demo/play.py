"""`make dev`: the AWS emulator and the daemon stay up, to play with."""

import time

from screen import Screen
from stage import Stage
from emulator import AWAY


def until_stopped(stage: Stage, screen: Screen) -> int:
    """Says how to play, then waits for Ctrl-C or the daemon's end."""
    print(_manual(stage), flush=True)
    try:
        while stage.daemon.process.exit_code is None:
            time.sleep(0.2)
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
        code = stage.daemon.drain()
        screen.say(f"the daemon drained and ended with exit code {code}; the AWS emulator is stopped too")
        return 0 if code == 0 else 1
    print(f"\nthe daemon ended by itself:\n{stage.daemon.process.tail()}", flush=True)
    return 1


def _manual(stage: Stage) -> str:
    endpoint = stage.emulator.endpoint
    made = stage.pipeline
    catalog = made.catalog
    assert catalog is not None, "the stage made one"
    admin = f"http://127.0.0.1:{stage.daemon.port}"
    config = stage.shown(stage.daemon.config)
    binary = stage.shown(stage.binary)
    return f"""
The AWS emulator and the daemon are up. In another terminal, in this folder:

  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1
  export AWS_ENDPOINT_URL={endpoint} NO_PROXY=127.0.0.1

  with the AWS command line
    aws s3 cp sample-data/customers.csv s3://{made.source}/{made.prefix}customers/
    aws s3 ls --recursive s3://{made.target}/ --region {AWAY}
    aws sqs send-message --queue-url {made.queue_url} --message-body nonsense

  without it
    .venv/ministack/bin/python -c 'import boto3; boto3.client("s3").upload_file(
        "sample-data/customers.csv", "{made.source}", "{made.prefix}customers/customers.csv")'
    .venv/ministack/bin/python -c 'import boto3; print(*(o["Key"] for o in boto3.client("s3")
        .list_objects_v2(Bucket="{made.target}").get("Contents", [])), sep="\\n")'

  ask Athena, once customers.csv has arrived
    {binary} query 'SELECT * FROM {catalog.table} LIMIT 5' --database {catalog.database} --region {AWAY}

  watch
    curl {admin}/status.json
    curl {admin}/metrics
    tail -f {stage.shown(stage.daemon.process.log)}

  configuration   {config}
  queue           {made.queue_url}
  dead letters    {made.dead_letter_url}

Stop both with Ctrl-C here. What the AWS emulator holds is gone then.
"""
