"""Bad input, each with its answer: dead-lettered with a reason, skipped and counted, or waited for."""

import json

import pytest
from conftest import Bench
from emulator import wait
from emulator.objects import differences, small, upload
from emulator.provision import create_target
from emulator.queues import created, depth, read_all
from emulator.settings import settings
from emulator.stands import Emulator

SNS = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:0:t"}

FOREIGN = [
    ("not JSON", '{"Records": ['),
    ("JSON, but no event", '{"hello": "world"}'),
    ("JSON, but not even an object", "[1, 2, 3]"),
    ("an SNS envelope around something else", json.dumps(SNS | {"Message": "dinner is ready"})),
    ("another service's EventBridge event", '{"source": "aws.ec2", "detail-type": "x", "detail": {}}'),
]


def test_what_is_no_event_is_parked_with_its_reason(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    daemon = bench.daemon(settings(of), ministack.env()).wait_ready()
    for _, body in FOREIGN:
        of.sqs.send_message(QueueUrl=of.queue_url, MessageBody=body)
    good = small(5)
    upload(of, good)
    daemon.wait_settled("dead_lettered", len(FOREIGN))
    dead_lettered = {message.body: message for message in read_all(of.sqs, of.dead_letter_url)}
    assert set(dead_lettered) == {body for _, body in FOREIGN}
    for why, body in FOREIGN:
        written = dead_lettered[body].attributes
        missing = {"brigade.reason", "brigade.error", "brigade.attempts", "brigade.first-seen"} - set(written)
        assert not missing, f"{why}: {written}"
        assert dead_lettered[body].reason and dead_lettered[body].error, why
    daemon.wait_settled("done", len(good))
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert differences(of, good) == []


@pytest.mark.parametrize(
    "source", ["a bucket no route names", "a key outside the prefix", "a deleted object"]
)
def test_what_needs_no_copy_is_skipped_and_counted(bench: Bench, ministack: Emulator, source: str) -> None:
    of = bench.pipeline(ministack)
    bucket, key = {
        "a bucket no route names": ("somebody-elses", "incoming/a.txt"),
        "a key outside the prefix": (of.source, "elsewhere/a.txt"),
        "a deleted object": (of.source, "incoming/gone.txt"),
    }[source]
    daemon = bench.daemon(settings(of), ministack.env()).wait_ready()
    wait.until("the test event settled", lambda: depth(of.sqs, of.queue_url).empty, 10)
    before = daemon.settled("skipped")
    of.sqs.send_message(QueueUrl=of.queue_url, MessageBody=created(bucket, key))
    daemon.wait_settled("skipped", before + 1)
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert read_all(of.sqs, of.dead_letter_url) == []


def test_a_missing_target_bucket_holds_the_route_until_it_is_there(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack, target=False)
    written = settings(of)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, ministack.env()).wait_ready()
    things = small(50)
    upload(of, things)
    wait.until("paused", lambda: daemon.paused("orders"), 30)
    assert "bucket" in daemon.paused("orders").lower()
    assert daemon.settled("dead_lettered") == 0
    create_target(of)
    daemon.wait_settled("done", len(things), 90)
    assert differences(of, things) == []
    assert daemon.paused("orders") == ""
    assert read_all(of.sqs, of.dead_letter_url) == []
