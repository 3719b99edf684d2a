"""Looking at a queue without disturbing the daemon that works it."""

from dataclasses import dataclass
from typing import Any

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
    """Asks SQS; exact on a stand-in, approximate on AWS."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return Depth(int(said[names[0]]), int(said[names[1]]))


@dataclass(frozen=True)
class Parked:
    """A message in the dead-letter queue, with what was written on it."""

    body: str
    attributes: dict[str, str]

    @property
    def reason(self) -> str:
        """Why it was parked, in one word."""
        return self.attributes.get("brigade.reason", "")

    @property
    def error(self) -> str:
        """The error as it was last seen."""
        return self.attributes.get("brigade.error", "")


def read_all(sqs: Any, url: str) -> list[Parked]:
    """Reads every message that is visible now; they show again a little later."""
    taken: dict[str, Parked] = {}
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
            taken[message["MessageId"]] = Parked(message["Body"], written)
