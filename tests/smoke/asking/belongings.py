"""What a run makes in the account, and how it is removed again.

Every name is remembered before it is asked for, so that a thing whose making was not answered is
removed as well. Nothing is removed that does not carry the run's name, and its tag where it must be
looked up.
"""

import json
import re
import uuid
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from emulator import wait

from asking.account import Account, Unusable, told

PREFIX = "brigade-smoke"
"""Begins every name, and is the tag's key."""


def new_run() -> str:
    """The name of a run."""
    return uuid.uuid4().hex[:8]


class Belongings:
    """Everything one run owns."""

    def __init__(self, account: Account, run: str) -> None:
        if not re.fullmatch(r"[0-9a-f]{8}", run):
            raise Unusable(f"{run!r} is no run: eight hexadecimal digits")
        self._account = account
        self.run = run
        self._buckets: dict[str, str] = {}
        self._queues: dict[str, str] = {}

    def name(self, role: str) -> str:
        """The run's own name for something."""
        return f"{PREFIX}-{self.run}-{role}"

    def bucket(self, role: str, region: str, versioned: bool = False) -> str:
        """Makes a bucket."""
        s3, name = self._account.client("s3", region, patient=True), self.name(role)
        self._buckets[name] = region
        # us-east-1 is the one region that must not be named.
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        tags = {"TagSet": [{"Key": PREFIX, "Value": self.run}]}
        s3.put_bucket_tagging(Bucket=name, Tagging=tags)
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def queue(self, role: str, dead_letters_after: int | None = None, **attributes: str) -> str:
        """Makes a queue in the home region, with a dead-letter queue if it shall have one; the URL."""
        sqs = self._account.client("sqs", self._account.home, patient=True)
        if dead_letters_after is not None:
            dead = self.arn(self.queue(f"{role}-dead"))
            policy = {"deadLetterTargetArn": dead, "maxReceiveCount": dead_letters_after}
            attributes["RedrivePolicy"] = json.dumps(policy)
        name = self.name(role)
        self._queues[name] = ""
        made = sqs.create_queue(QueueName=name, Attributes=attributes, tags={PREFIX: self.run})
        url = self._queues[name] = str(made["QueueUrl"])
        # SQS wants a second before everybody knows the queue.
        known = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
        wait.until(f"the queue {name}", lambda: told(sqs.get_queue_attributes, **known) == "200", 60)
        return url

    def url(self, role: str) -> str:
        """The URL of a queue that was made."""
        return self._queues[self.name(role)]

    def arn(self, queue_url: str) -> str:
        """A queue's ARN."""
        sqs = self._account.client("sqs", self._account.home, patient=True)
        asked = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        return str(asked["Attributes"]["QueueArn"])

    def find(self) -> list[str]:
        """Remembers what a run that died has left, by name and tag; buckets of that name without
        the tag are returned and left alone."""
        account, strange = self._account, []
        for region in (account.home, account.away):
            s3 = account.client("s3", region, patient=True)
            names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
            for name in names:
                if name.startswith(self.name("")) and _region(s3, name) == region:
                    if self._is_tagged(s3, name):
                        self._buckets[name] = region
                    else:
                        strange.append(f"bucket {name} in {region} has not our tag")
        sqs = account.client("sqs", account.home, patient=True)
        for page in sqs.get_paginator("list_queues").paginate(QueueNamePrefix=self.name("")):
            self._queues |= {url.rpartition("/")[2]: url for url in page.get("QueueUrls", [])}
        return strange

    def _is_tagged(self, s3: Any, name: str) -> bool:
        try:
            tags = s3.get_bucket_tagging(Bucket=name)["TagSet"]
        except ClientError:
            return False
        return {"Key": PREFIX, "Value": self.run} in tags

    def remove(self) -> list[str]:
        """Removes everything, and says what could not be."""
        left: list[str] = []
        sqs = self._account.client("sqs", self._account.home, patient=True)
        for name, url in self._queues.items():
            left += _tried(f"queue {name}", lambda: _remove_queue(sqs, name, url))
        for name, region in self._buckets.items():
            s3 = self._account.client("s3", region, patient=True)
            left += _tried(f"bucket {name} in {region}", lambda: _remove_bucket(s3, name))
        return left


def _tried(what: str, remove: Any) -> list[str]:
    try:
        remove()
    except (ClientError, BotoCoreError) as error:
        gone = ("NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
        if not (isinstance(error, ClientError) and error.response["Error"]["Code"] in gone):
            return [f"{what}: {error}"]
    return []


def _remove_queue(sqs: Any, name: str, url: str) -> None:
    sqs.delete_queue(QueueUrl=url or sqs.get_queue_url(QueueName=name)["QueueUrl"])


def _remove_bucket(s3: Any, name: str) -> None:
    # First: it may forbid the rest.
    s3.delete_bucket_policy(Bucket=name)
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=name):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if objects:
            s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
    s3.delete_bucket(Bucket=name)


def _region(s3: Any, name: str) -> str:
    return s3.get_bucket_location(Bucket=name)["LocationConstraint"] or "us-east-1"
