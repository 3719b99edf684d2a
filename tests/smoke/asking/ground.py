"""What the questions stand on: five buckets, one told queue, and keys nobody has used."""

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from emulator import wait

from asking.account import Account, told
from asking.belongings import Belongings
from asking.events import Events

ASK, SEND = "ask/", "send/"
"""Prefixes: under the first buckets tell the tests, under the second the daemon."""

MIB = 1 << 20


@dataclass
class Ground:
    """Where questions are asked. Versioned buckets end in `_v`; `closed` may not be listed."""

    account: Account
    own: Belongings
    source: str
    source_v: str
    target: str
    target_v: str
    closed: str
    events: Events
    _serial: Any = field(default_factory=itertools.count)

    @property
    def s3(self) -> Any:
        """S3 at home, where the sources are."""
        return self.account.client("s3", self.account.home)

    @property
    def s3_away(self) -> Any:
        """S3 in the other region, where the targets are."""
        return self.account.client("s3", self.account.away)

    @property
    def sqs(self) -> Any:
        """SQS at home."""
        return self.account.client("sqs", self.account.home)

    def key(self) -> str:
        """A key nobody has used."""
        return f"{ASK}{next(self._serial):04}"

    def put(self, bucket: str, body: bytes, away: bool = False, **more: Any) -> tuple[str, str]:
        """Puts an object under a new key; key and ETag."""
        key = self.key()
        s3 = self.s3_away if away else self.s3
        return key, s3.put_object(Bucket=bucket, Key=key, Body=body, **more)["ETag"]

    @property
    def plain(self) -> Any:
        """S3 at home, without the checksums boto3 adds: S3 adds its own."""
        return self.account.client("s3", self.account.home, request_checksum_calculation="when_required")

    def put_in_parts(self, key: str, parts: list[bytes], composite: bool = False, **create: Any) -> None:
        """Uploads an object to the source in parts, with S3's checksum or a composite CRC32."""
        s3, at = self.plain, {"Bucket": self.source, "Key": key}
        sums = {"ChecksumAlgorithm": "CRC32"} if composite else {}
        kind = {"ChecksumType": "COMPOSITE"} if composite else {}
        at["UploadId"] = s3.create_multipart_upload(**at, **sums, **kind, **create)["UploadId"]
        done = []
        for number, part in enumerate(parts, start=1):
            said = s3.upload_part(**at, PartNumber=number, Body=part, **sums)
            # A composite checksum wants every part's at the end.
            kept = ("ETag", "ChecksumCRC32") if composite else ("ETag",)
            done.append({"PartNumber": number} | {name: said[name] for name in kept if name in said})
        s3.complete_multipart_upload(**at, MultipartUpload={"Parts": done})

    def copy(self, key: str, to: str, **more: Any) -> str:
        """Copies from the source to the target in the other region; what that was told."""
        more = {"Bucket": self.target, "CopySource": {"Bucket": self.source, "Key": key}} | more
        return told(self.s3_away.copy_object, Key=to, **more)

    def message(self, queue_url: str, seconds: int) -> tuple[str, str]:
        """Sends a message and receives it, hidden for so long; id and receipt handle."""
        sent = self.sqs.send_message(QueueUrl=queue_url, MessageBody="x")["MessageId"]
        return sent, self.receive(queue_url, sent, seconds)["ReceiptHandle"]

    def receive(self, queue_url: str, message_id: str, seconds: int) -> dict[str, Any]:
        """Receives that message."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            got = self.sqs.receive_message(
                QueueUrl=queue_url,
                WaitTimeSeconds=5,
                VisibilityTimeout=seconds,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            for message in got.get("Messages", []):
                if message["MessageId"] == message_id:
                    return dict(message)
        raise AssertionError(f"message {message_id} was not received within 60 s")


def make(account: Account, own: Belongings) -> Ground:
    """Makes everything; what the daemon listens to is made by its own test."""
    home, away = account.home, account.away
    ground = Ground(
        account,
        own,
        own.bucket("source", home),
        own.bucket("source-v", home, versioned=True),
        own.bucket("target", away),
        own.bucket("target-v", away, versioned=True),
        own.bucket("closed", home),
        Events(account.client("sqs", home, patient=True), own.queue("events")),
    )
    for bucket in (ground.source, ground.source_v):
        tell(ground, bucket, {ASK: own.url("events")})
    return ground


def tell(ground: Ground, bucket: str, queues: dict[str, str]) -> None:
    """Lets the bucket send to queues, each of which hears of one prefix."""
    account, own = ground.account, ground.own
    sqs = account.client("sqs", account.home, patient=True)
    buckets = [f"arn:{account.partition}:s3:::{name}" for name in (ground.source, ground.source_v)]
    told_queues = []
    for prefix, url in queues.items():
        arn = own.arn(url)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": buckets}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        rules = [{"Name": "prefix", "Value": prefix}]
        told_queues.append(
            {
                "QueueArn": arn,
                "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                "Filter": {"Key": {"FilterRules": rules}},
            }
        )
    put = account.client("s3", account.home, patient=True).put_bucket_notification_configuration
    asked = {"Bucket": bucket, "NotificationConfiguration": {"QueueConfigurations": told_queues}}
    # Refused until S3 knows of the queue's policy.
    wait.until(f"the notifications of {bucket}", lambda: told(put, **asked) == "200", 60, every=1)
