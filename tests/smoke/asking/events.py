"""What the buckets told their queue. Read once, kept for every test that asks."""

import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

from emulator import wait

_SECONDS = 90
"""AWS delivers within seconds as a rule, and sometimes takes a minute."""


@dataclass(frozen=True)
class Event:
    """One record, with the number of records beside it."""

    record: dict[str, Any]
    siblings: int

    @property
    def object(self) -> dict[str, Any]:
        """The part about the object."""
        said: dict[str, Any] = self.record["s3"]["object"]
        return said

    @property
    def key(self) -> str:
        """Decoded."""
        return urllib.parse.unquote_plus(self.object["key"])


class Events:
    """The queue the buckets tell; whatever is read is deleted there."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self.found: list[Event] = []
        self.tests: set[str] = set()

    def about(self, bucket: str, key: str, kind: str, seconds: float = _SECONDS) -> Event:
        """Waits for the event of this kind about a key."""

        def look() -> Event | None:
            self._read()
            for event in self.found:
                named = (event.record["s3"]["bucket"]["name"], event.record["eventName"])
                if named == (bucket, kind) and event.key == key:
                    return event
            return None

        event = wait.until(f"{kind} of {bucket}/{key}", look, seconds, every=0.5)
        assert event is not None
        return event

    def tested(self, bucket: str, seconds: float = _SECONDS) -> bool:
        """Whether the bucket's test event came in time."""

        def look() -> bool:
            self._read()
            return bucket in self.tests

        try:
            return wait.until(f"the test event of {bucket}", look, seconds, every=0.5)
        except AssertionError:
            return False

    def _read(self) -> None:
        got = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in got.get("Messages", []):
            body = json.loads(message["Body"])
            if body.get("Event") == "s3:TestEvent":
                self.tests.add(body["Bucket"])
            records = body.get("Records", [])
            self.found += [Event(record, len(records)) for record in records]
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
