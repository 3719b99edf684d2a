"""Looking at a queue without disturbing the daemon that works it, and saying what S3 would say there."""

import json
from dataclasses import dataclass
from typing import Any

from emulator import HOME

_HIDE_SECONDS = 5


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds, by what can be done with them."""

    visible: int
    in_flight: int

    @property
    def empty(self) -> bool:
        """Nothing waits and nothing is held."""
        return self.visible == 0 and self.in_flight == 0


def depth(sqs: Any, url: str) -> Depth:
    """Asks SQS; exact on an AWS emulator, approximate on AWS."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return Depth(int(said[names[0]]), int(said[names[1]]))


@dataclass(frozen=True)
class DeadLettered:
    """A message in the dead-letter queue, with what was written on it."""

    body: str
    attributes: dict[str, str]

    @property
    def reason(self) -> str:
        """Why it was dead-lettered, in one word."""
        return self.attributes.get("brigade.reason", "")

    @property
    def error(self) -> str:
        """The error as it was last seen."""
        return self.attributes.get("brigade.error", "")


def read_all(sqs: Any, url: str) -> list[DeadLettered]:
    """Reads every message that is visible now; they show again a little later."""
    taken: dict[str, DeadLettered] = {}
    while True:
        # Hidden for a moment, or the next call would return the same ten again.
        got = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HIDE_SECONDS,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        fresh = [message for message in got if message["MessageId"] not in taken]
        if not fresh:
            return list(taken.values())
        for message in fresh:
            attributes = message.get("MessageAttributes", {})
            written = {name: value.get("StringValue", "") for name, value in attributes.items()}
            taken[message["MessageId"]] = DeadLettered(message["Body"], written)


def created(bucket: str, key: str) -> str:
    """The event of an object that was put; for a key without odd characters."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": HOME,
        "eventTime": "2026-11-20T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1, "eTag": "0" * 32}},
    }
    return json.dumps({"Records": [record]})
