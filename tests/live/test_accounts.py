"""Two accounts that know nothing of each other: what goes between them, and a key that is replaced."""

import pytest
from conftest import Bench
from emulator import wait
from emulator.iam import BUCKETS, User
from emulator.objects import Thing, body_of, differences, open_uploads, small, upload
from emulator.queues import depth, read_all
from emulator.settings import settings
from emulator.stands import Emulator

CHINA = "cn-north-1"

MIB = 1024 * 1024

THINGS = [
    # First, so that its parts are under way when the key is replaced.
    Thing("large.bin", body_of("large", 40 * MIB), {"owner": "billing"}),
    *small(60),
    Thing("metadata.csv", b"a,b\n1,2\n", {"owner": "billing"}, "text/csv", tags={"a key": "a b"}),
]

MIDDLE = 10


@pytest.mark.parametrize("emulator", ["ministack", "localstack"], indirect=True)
def test_a_key_replaced_while_objects_travel_parks_and_loses_nothing(
    bench: Bench, emulator: Emulator, guarded: Emulator
) -> None:
    """From an account of one AWS emulator to one of another, whose key a secret of the first keeps.

    The second is a ministack with `AUTH=true`, which refuses a key that is not active. LocalStack
    and moto's default refuse none, so they can only be the side that is not asked for a key.
    """
    of = bench.pipeline(emulator, away=guarded, away_region=CHINA)
    user = User(guarded, bench.name, BUCKETS)
    secrets = emulator.client("secretsmanager")
    secrets.create_secret(Name=bench.name, SecretString=user.key.json)
    written = settings(of, workers=4)
    written["account"] = {
        "china": {"region": CHINA, "endpoint_url": guarded.endpoint, "secret": bench.name}
    }
    written["route"]["orders"]["to_account"] = "china"
    upload(of, THINGS)
    daemon = bench.daemon(written, emulator.env()).wait_ready()
    daemon.wait_settled("done", MIDDLE, every=0.005)

    secrets.put_secret_value(SecretId=bench.name, SecretString=user.new_key().json)
    user.set_key("Inactive")
    assert not depth(of.sqs, of.queue_url).empty, "all was there before the key was replaced"

    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 40)
    assert differences(of, THINGS) == []
    assert open_uploads(of) == []
    assert read_all(of.sqs, of.dead_letter_url) == []
    read = daemon.metrics().total(
        "brigade_aws_calls_total", service="secretsmanager", operation="GetSecretValue"
    )
    assert read == 2, "once at first, and once when the old key was refused, whoever else was refused"
