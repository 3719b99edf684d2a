"""What an operator has in AWS before the daemon is of use: buckets, queues, notification, catalogue.

Each pipeline has names of its own, so that any number of them share an AWS emulator.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from emulator import AWAY, HOME
from emulator.stands import Emulator

Wiring = Literal["sqs", "sns", "sns-raw", "eventbridge"]
"""How an event gets from the bucket to the queue."""

WIRINGS: tuple[Wiring, ...] = ("sqs", "sns", "sns-raw", "eventbridge")

# Above the daemon's max_attempts (10): it dead-letters with a reason before SQS does so without one.
REDRIVE_AFTER = 20


@dataclass
class Catalog:
    """A Glue database, table and crawler over the target prefix."""

    database: str
    table: str
    crawler: str
    arrivals_url: str | None = None
    """Where arrivals are kept until they are crawled."""


@dataclass
class Pipeline:
    """Everything between an upload and its copy, but the daemon."""

    emulator: Emulator
    source: str
    target: str
    queue_url: str
    queue_arn: str
    dead_letter_url: str
    dead_letter_arn: str
    prefix: str = "incoming/"
    target_prefix: str = "orders/"
    catalog: Catalog | None = None
    away: Emulator | None = None
    """Where the target is, if it is another."""
    away_region: str = AWAY

    @property
    def s3(self) -> Any:
        """S3 where the source is."""
        return self.emulator.client("s3", HOME)

    @property
    def s3_away(self) -> Any:
        """S3 where the target is."""
        return (self.away or self.emulator).client("s3", self.away_region)

    @property
    def sqs(self) -> Any:
        """SQS where the queue is."""
        return self.emulator.client("sqs", HOME)

    def copy_of(self, key: str) -> str:
        """The destination key of a source key."""
        return self.target_prefix + key.removeprefix(self.prefix)


def pipeline(
    emulator: Emulator, name: str, wiring: Wiring = "sqs", target: bool = True, **away: Any
) -> Pipeline:
    """Makes a pipeline; without a target bucket when a test wants it missing.

    `away` and `away_region` say where the target is, if not in another region of the same AWS emulator.
    """
    queue_url, queue_arn, dead_url, dead_arn = _queues(emulator, name)
    ends = (f"{name}-source", f"{name}-target")
    made = Pipeline(emulator, *ends, queue_url, queue_arn, dead_url, dead_arn, **away)
    made.s3.create_bucket(Bucket=made.source)
    if target:
        create_target(made)
    _notify(made, name, wiring)
    return made


def create_target(made: Pipeline) -> None:
    """Makes the target bucket, in the other region."""
    made.s3_away.create_bucket(
        Bucket=made.target, CreateBucketConfiguration={"LocationConstraint": made.away_region}
    )


def arrivals(made: Pipeline, name: str) -> str:
    """Makes the queue of arrivals of a pipeline that has a catalogue, and gives its URL."""
    assert made.catalog is not None, "arrivals are kept for a crawler"
    url: str = made.sqs.create_queue(QueueName=f"{name}-arrivals")["QueueUrl"]
    made.catalog.arrivals_url = url
    return url


def another_queue(made: Pipeline, name: str) -> Pipeline:
    """The same pipeline with a queue of its own, to which nobody sends."""
    queue_url, queue_arn, dead_url, dead_arn = _queues(made.emulator, name)
    return replace(
        made, queue_url=queue_url, queue_arn=queue_arn, dead_letter_url=dead_url, dead_letter_arn=dead_arn
    )


def catalog(made: Pipeline, name: str) -> Catalog:
    """Makes a database, a crawler over the target prefix and a place for Athena's results.

    All in the target's region. The table is :func:`csv_table`: real crawlers make it themselves.
    """
    glue = made.emulator.client("glue", AWAY)
    location = f"s3://{made.target}/{made.target_prefix}"
    database = name.replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_crawler(
        Name=f"{name}-crawler",
        Role="arn:aws:iam::000000000000:role/crawler",
        DatabaseName=database,
        Targets={"S3Targets": [{"Path": location}]},
    )
    made.emulator.client("athena", AWAY).update_work_group(
        WorkGroup="primary",
        ConfigurationUpdates={
            "ResultConfigurationUpdates": {"OutputLocation": f"s3://{made.target}/athena-results/"}
        },
    )
    made.catalog = Catalog(database, "customers", f"{name}-crawler")
    return made.catalog


def csv_table(made: Pipeline, folder: str, columns: list[tuple[str, str]]) -> None:
    """Makes the table a real crawler would have found in `folder` of the target prefix."""
    assert made.catalog is not None, "a table needs a database"
    made.emulator.client("glue", AWAY).create_table(
        DatabaseName=made.catalog.database,
        TableInput={
            "Name": made.catalog.table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": kind} for column, kind in columns],
                "Location": f"s3://{made.target}/{made.target_prefix}{folder}",
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
                    "Parameters": {"separatorChar": ",", "quoteChar": '"'},
                },
            },
        },
    )


def _queues(emulator: Emulator, name: str) -> tuple[str, str, str, str]:
    sqs = emulator.client("sqs")
    dead_url = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead_arn = _arn(sqs, dead_url)
    redrive = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": REDRIVE_AFTER}
    url = sqs.create_queue(QueueName=f"{name}-events", Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    arn = _arn(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(_may_send(arn))})
    return url, arn, dead_url, dead_arn


def _arn(sqs: Any, url: str) -> str:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def _may_send(arn: str, action: str = "sqs:SendMessage") -> dict[str, Any]:
    services = ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"]
    statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": action, "Resource": arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _notify(made: Pipeline, name: str, wiring: Wiring) -> None:
    """Wires the bucket to the queue, unfiltered: choosing is the daemon's work."""
    events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    to: dict[str, Any]
    match wiring:
        case "sqs":
            to = {"QueueConfigurations": [{"QueueArn": made.queue_arn, "Events": events}]}
        case "sns" | "sns-raw":
            topic = _topic(made, name, raw=wiring == "sns-raw")
            to = {"TopicConfigurations": [{"TopicArn": topic, "Events": events}]}
        case "eventbridge":
            _rule(made, name)
            to = {"EventBridgeConfiguration": {}}
    made.s3.put_bucket_notification_configuration(Bucket=made.source, NotificationConfiguration=to)


def _topic(made: Pipeline, name: str, raw: bool) -> str:
    sns = made.emulator.client("sns")
    topic = str(sns.create_topic(Name=f"{name}-topic")["TopicArn"])
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(_may_send(topic, "sns:Publish"))
    )
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=made.queue_arn,
        Attributes={"RawMessageDelivery": "true"} if raw else {},
        ReturnSubscriptionArn=True,
    )
    return topic


def _rule(made: Pipeline, name: str) -> None:
    events = made.emulator.client("events")
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": [made.source]}},
    }
    events.put_rule(Name=f"{name}-rule", EventPattern=json.dumps(pattern), State="ENABLED")
    events.put_targets(Rule=f"{name}-rule", Targets=[{"Id": "queue", "Arn": made.queue_arn}])
