"""Bad input, each with its answer: parked with a reason, skipped and counted, or waited for."""

import json

import pytest
from conftest import Bench
from standin import wait
from standin.objects import differences, small, upload
from standin.provision import create_target
from standin.queues import created, depth, read_all
from standin.settings import settings
from standin.stands import StandIn

SNS = {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:0:t"}

FOREIGN = [
    ("not JSON", '{"Records": ['),
    ("JSON, but no event", '{"hello": "world"}'),
    ("JSON, but not even an object", "[1, 2, 3]"),
    ("an SNS envelope around something else", json.dumps(SNS | {"Message": "dinner is ready"})),
    ("another service's EventBridge event", '{"source": "aws.ec2", "detail-type": "x", "detail": {}}'),
]


def test_what_is_no_event_is_parked_with_its_reason(bench: Bench, ministack: StandIn) -> None:
    of = bench.pipeline(ministack)
    daemon = bench.daemon(settings(of), ministack.env()).wait_ready()
    for _, body in FOREIGN:
        of.sqs.send_message(QueueUrl=of.queue_url, MessageBody=body)
    good = small(5)
    upload(of, good)
    daemon.wait_settled("parked", len(FOREIGN))
    parked = {message.body: message for message in read_all(of.sqs, of.dead_letter_url)}
    assert set(parked) == {body for _, body in FOREIGN}
    for why, body in FOREIGN:
        written = parked[body].attributes
        missing = {"brigade.reason", "brigade.error", "brigade.attempts", "brigade.first-seen"} - set(written)
        assert not missing, f"{why}: {written}"
        assert parked[body].reason and parked[body].error, why
    daemon.wait_settled("done", len(good))
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert differences(of, good) == []


@pytest.mark.parametrize(
    "source", ["a bucket no route names", "a key outside the prefix", "a deleted object"]
)
def test_what_needs_no_copy_is_skipped_and_counted(bench: Bench, ministack: StandIn, source: str) -> None:
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


def test_a_missing_target_bucket_holds_the_route_until_it_is_there(bench: Bench, ministack: StandIn) -> None:
    of = bench.pipeline(ministack, target=False)
    written = settings(of)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, ministack.env()).wait_ready()
    things = small(50)
    upload(of, things)
    wait.until("held", lambda: daemon.held("orders"), 30)
    assert "bucket" in daemon.held("orders").lower()
    assert daemon.settled("parked") == 0
    create_target(of)
    daemon.wait_settled("done", len(things), 90)
    assert differences(of, things) == []
    assert daemon.held("orders") == ""
    assert read_all(of.sqs, of.dead_letter_url) == []
