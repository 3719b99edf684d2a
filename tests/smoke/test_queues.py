"""Questions 25 to 32: holding, deleting, giving up."""

import json
import time
from typing import Any

from asking.account import told
from asking.answers import Asked
from asking.ground import MIB, Ground
from emulator import wait

INVALID = "400 ReceiptHandleIsInvalid"
BAD_VALUE = "400 InvalidParameterValue"
NOT_IN_FLIGHT = "400 AWS.SimpleQueueService.MessageNotInflight"
REFUSED = (INVALID, BAD_VALUE, NOT_IN_FLIGHT)


def change(ground: Ground, url: str, handle: str, seconds: int) -> str:
    """What a change of visibility was told."""
    call = ground.sqs.change_message_visibility
    return told(call, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds)


def delete(ground: Ground, url: str, handle: str) -> str:
    """What a delete was told."""
    return told(ground.sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)


def run_out(seconds: float) -> None:
    """Lets a visibility timeout pass, and a little more."""
    end = time.monotonic() + seconds + 1
    wait.until("the time to run out", lambda: time.monotonic() > end, seconds + 5)


def is_there(ground: Ground, url: str) -> str:
    """Whether a look finds a message, now or soon."""
    got = ground.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, VisibilityTimeout=0)
    return "there" if got.get("Messages") else "gone"


def test_q25_visibility_after_it_has_run_out(ground: Ground, asked: Asked) -> None:
    """Can visibility be changed after it has run out?"""
    url = ground.own.queue("q25")
    _, handle = ground.message(url, 1)
    run_out(1)
    asked.answer({"change": "200"}, {"change": change(ground, url, handle, 30)})


def test_q26_the_handle_of_an_earlier_receive(ground: Ground, asked: Asked) -> None:
    """And with the handle of an earlier receive, while another consumer holds the message?"""
    url = ground.own.queue("q26")
    message, old = ground.message(url, 0)
    new = ground.receive(url, message, 30)["ReceiptHandle"]
    seen = {"handles": "two" if old != new else "the same"}
    seen |= {"change": change(ground, url, old, 5), "delete": delete(ground, url, old)}
    change(ground, url, new, 0)
    asked.note(f"after the delete with the old handle the message is {is_there(ground, url)}")
    asked.answer({"handles": "two", "change": REFUSED, "delete": "200"}, seen)


def test_q27_a_delete_after_the_time_has_run_out(ground: Ground, asked: Asked) -> None:
    """Does a delete after the time has run out delete?"""
    url = ground.own.queue("q27")
    _, handle = ground.message(url, 1)
    run_out(1)
    seen = {"delete": delete(ground, url, handle), "message": is_there(ground, url)}
    asked.answer({"delete": "200", "message": "gone"}, seen)


def test_q28_handles_of_nothing(ground: Ground, asked: Asked) -> None:
    """What do the handles of a deleted and of no message say?"""
    url = ground.own.queue("q28")
    _, handle = ground.message(url, 30)
    seen = {
        "delete": delete(ground, url, handle),
        "deleted, delete": delete(ground, url, handle),
        "deleted, change": change(ground, url, handle, 5),
        "made up, delete": delete(ground, url, "made-up"),
        "made up, change": change(ground, url, "made-up", 5),
    }
    expected = {
        "delete": "200",
        "deleted, delete": "200",
        "deleted, change": BAD_VALUE,
        "made up, delete": INVALID,
        "made up, change": INVALID,
    }
    asked.answer(expected, seen)


def test_q29_twelve_hours_are_the_ceiling(ground: Ground, asked: Asked) -> None:
    """What does reaching beyond 12 h say?"""
    url = ground.own.queue("q29")
    _, handle = ground.message(url, 60)
    run_out(1)
    seen = {
        "12 h from now": change(ground, url, handle, 43_200),
        "a minute less": change(ground, url, handle, 43_140),
    }
    asked.answer({"12 h from now": BAD_VALUE, "a minute less": "200"}, seen)


def test_q30_what_a_dead_letter_keeps(ground: Ground, asked: Asked) -> None:
    """What does a message keep in the dead-letter queue?"""
    url = ground.own.queue("q30", dead_letters_after=2)
    dead = ground.own.url("q30-dead")
    asked_for = ground.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    count = json.loads(asked_for["Attributes"]["RedrivePolicy"])["maxReceiveCount"]
    asked.note(f"maxReceiveCount comes back as {count!r}")
    attribute = {"a": {"DataType": "String", "StringValue": "v"}}
    sent = ground.sqs.send_message(QueueUrl=url, MessageBody="body", MessageAttributes=attribute)
    first = [ground.receive(url, sent["MessageId"], 0) for _ in range(2)][0]

    def moved() -> dict[str, Any] | None:
        # Only a look at the queue makes SQS give up.
        ground.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=0)
        got = ground.sqs.receive_message(
            QueueUrl=dead,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return next(iter(got.get("Messages", [])), None)

    kept = wait.until("the dead letter", moved, 60, every=0.5)
    assert kept is not None
    asked.note(f"its count is {kept['Attributes']['ApproximateReceiveCount']}")
    same = {
        "id": kept["MessageId"] == first["MessageId"],
        "body": kept["Body"] == "body",
        "attributes": kept.get("MessageAttributes") == first.get("MessageAttributes"),
        "SentTimestamp": kept["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"],
    }
    seen = {name: "kept" if is_so else "another" for name, is_so in same.items()}
    source = kept["Attributes"].get("DeadLetterQueueSourceArn", "none")
    seen["its source"] = "named" if source == ground.own.arn(url) else source
    asked.answer(dict.fromkeys(same, "kept") | {"its source": "named"}, seen)


def test_q31_how_large_and_of_what_a_message_may_be(ground: Ground, asked: Asked) -> None:
    """Are 1 MiB of body and attributes taken, and which characters?"""
    url = ground.own.queue("q31", MaximumMessageSize=str(MIB))
    # Name, type and value count: 1 + 6 + 1.
    attribute = {"a": {"DataType": "String", "StringValue": "v"}}

    def send(body: str, **more: Any) -> str:
        return told(ground.sqs.send_message, QueueUrl=url, MessageBody=body, **more)

    seen = {
        "1 MiB": send("x" * MIB),
        "a byte more": send("x" * (MIB + 1)),
        "with an attribute": send("x" * (MIB - 8), MessageAttributes=attribute),
        "a byte more of it": send("x" * (MIB - 7), MessageAttributes=attribute),
        "tab and emoji": send("a\t\r\n😀"),
        "control character": send("a\u0001"),
    }
    expected = {
        "1 MiB": "200",
        "a byte more": BAD_VALUE,
        "with an attribute": "200",
        "a byte more of it": BAD_VALUE,
        "tab and emoji": "200",
        "control character": "400 InvalidMessageContents",
    }
    asked.answer(expected, seen)


def test_q32_a_missing_queue(ground: Ground, asked: Asked) -> None:
    """What does a missing queue say?"""
    url = ground.own.url("events") + "-nobody"
    seen = {
        "receive": told(ground.sqs.receive_message, QueueUrl=url),
        "attributes": told(ground.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["RedrivePolicy"]),
    }
    asked.answer(dict.fromkeys(seen, "400 AWS.SimpleQueueService.NonExistentQueue"), seen)
