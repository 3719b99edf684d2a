"""Sizes at which the way of a copy changes, and what a copy in parts leaves behind when it is killed."""

from typing import Any

import pytest
from conftest import Bench
from emulator import wait
from emulator.objects import Thing, body_of, differences, open_uploads, upload
from emulator.provision import Pipeline, another_queue
from emulator.queues import created, depth, read_all
from emulator.settings import Settings, settings
from emulator.stands import Emulator

MIB = 1024 * 1024

ONE_PART = 16 * MIB
"""What is streamed in one request; a byte more goes in parts."""

LARGE = 100 * MIB
"""Above the 96 MiB that one CopyObject may take where a message is hidden for 30 s."""

STREAMED_PARTS = 13
"""Of `LARGE`, 8 MiB each."""

SEALED = 9_999
"""Parts from here on say what an upload is of, and are none of the object's."""


def sized(size: int) -> Thing:
    """An object with all that a copy must keep."""
    return Thing(
        f"{size}.bin",
        body_of(str(size), size),
        metadata={"owner": "billing", "size": str(size)},
        content_type="application/x-sized",
        headers={
            "CacheControl": "max-age=60",
            "ContentDisposition": 'attachment; filename="a b.bin"',
            "ContentLanguage": "de",
        },
        tags={"class": "public", "a key": "a+b=c/ü"},
    )


@pytest.fixture(scope="module")
def things() -> list[Thing]:
    """One of each size, made once."""
    return [sized(size) for size in (0, 1, ONE_PART - 1, ONE_PART, ONE_PART + 1, LARGE)]


FORGETS_TAGS = ("ministack",)
"""Who ignores the x-amz-tagging of CreateMultipartUpload, and so makes objects of parts without tags."""


def lost(on: Emulator, things: list[Thing]) -> list[str]:
    """What of copies in parts the AWS emulator itself loses."""
    if on.name not in FORGETS_TAGS:
        return []
    return sorted(f"{thing.path!r}: tags {{}}, not {thing.tags}" for thing in things)


def large_settings(of: Pipeline, **route: Any) -> Settings:
    written = settings(of)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    written["route"]["orders"] |= route
    return written


@pytest.mark.parametrize(
    ("emulator", "transfer", "whole"),
    [
        ("ministack", "server-side", 5),
        ("ministack", "stream", 4),
        ("localstack", "server-side", 5),
        ("localstack", "stream", 4),
        # As well as the others, but too slow to do both each time.
        ("moto", "server-side", 5),
    ],
    indirect=["emulator"],
)
def test_every_size_arrives_whole(
    bench: Bench, emulator: Emulator, things: list[Thing], transfer: str, whole: int
) -> None:
    """S3 copies up to 96 MiB at once, and the daemon streams up to 16 MiB so; the others go in parts."""
    of = bench.pipeline(emulator)
    daemon = bench.daemon(large_settings(of, transfer=transfer), emulator.env()).wait_ready()
    upload(of, things)
    daemon.wait_settled("done", len(things), 20)
    assert differences(of, things) == lost(emulator, things[whole:])
    assert open_uploads(of) == []
    method = transfer.replace("-", "_")
    methods = daemon.metrics().by("brigade_copies_total", "transfer")
    assert methods == {method: whole, f"{method}_parts": len(things) - whole}
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert read_all(of.sqs, of.dead_letter_url) == []


def upload_in_parts(of: Pipeline, thing: Thing, part: int) -> None:
    """Uploads it as who asks for SHA-256 does: each part has a checksum, and the whole has none."""
    to = {"Bucket": of.source, "Key": of.prefix + thing.path}
    begun = of.s3.create_multipart_upload(**to, ContentType=thing.content_type, ChecksumAlgorithm="SHA256")
    to["UploadId"] = begun["UploadId"]
    parts: list[dict[str, Any]] = []
    for number, start in enumerate(range(0, len(thing.body), part), 1):
        body = thing.body[start : start + part]
        sent = of.s3.upload_part(**to, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        told = {name: sent[name] for name in ("ETag", "ChecksumSHA256") if name in sent}
        parts.append(told | {"PartNumber": number})
    of.s3.complete_multipart_upload(**to, MultipartUpload={"Parts": parts})


@pytest.mark.parametrize(
    ("emulator", "size", "looks"),
    [
        ("localstack", 20 * MIB, 6),
        ("localstack", 12 * MIB, 3),
        # Knows no part numbers, so there is nothing to compare.
        ("ministack", 20 * MIB, 6),
    ],
    indirect=["emulator"],
)
def test_what_has_checksums_of_its_parts_is_compared_with_them(
    bench: Bench, emulator: Emulator, size: int, looks: int
) -> None:
    """Looks: at the source, in parts at how it was cut, at each of its parts, and once more after the write."""
    of = bench.pipeline(emulator)
    thing = Thing("composite.bin", body_of("composite", size))
    daemon = bench.daemon(large_settings(of, transfer="stream"), emulator.env()).wait_ready()
    upload_in_parts(of, thing, 8 * MIB)
    daemon.wait_settled("done", 1, 20)
    assert differences(of, [thing]) == []
    looked = daemon.metrics().by("brigade_aws_calls_total", "status", service="s3", operation="HeadObject")
    # In parts, the destination is asked first whether the copy is there already.
    assert looked == {"200": looks} | ({"404": 1} if size > 16 * MIB else {})
    assert read_all(of.sqs, of.dead_letter_url) == []
    # Who is not AWS may refuse a body for a checksum that is not the source's own.
    copy = of.s3_away.head_object(
        Bucket=of.target, Key=of.copy_of(of.prefix + thing.path), ChecksumMode="ENABLED"
    )
    assert "ChecksumSHA256" not in copy


def listed_parts(of: Pipeline) -> set[int]:
    """The object's parts that wait at the destination."""
    found: set[int] = set()
    for one in open_uploads(of):
        said = of.s3_away.list_parts(Bucket=of.target, Key=one["Key"], UploadId=one["UploadId"])
        found |= {part["PartNumber"] for part in said.get("Parts", []) if part["PartNumber"] < SEALED}
    return found


def test_a_killed_copy_goes_on_and_sends_no_part_again(bench: Bench, ministack: Emulator) -> None:
    """The event comes again through another queue, so that nobody waits until the first shows it."""
    of = bench.pipeline(ministack)
    thing = sized(LARGE)
    # Slow, so that "in the middle" lasts long enough to be hit.
    slow = large_settings(of, transfer="stream", bandwidth="32MB/s")
    killed = bench.daemon(slow, ministack.env()).wait_ready()
    upload(of, [thing])
    wait.until("some parts there", lambda: len(listed_parts(of)) >= 3, 30, every=0.01)
    killed.kill()
    there = len(listed_parts(of))
    assert there < STREAMED_PARTS, "it was done before it was killed: nothing was tested"

    again = another_queue(of, f"{bench.name}-again")
    next_one = bench.daemon(large_settings(again, transfer="stream"), ministack.env()).wait_ready()
    of.sqs.send_message(QueueUrl=again.queue_url, MessageBody=created(of.source, of.prefix + thing.path))
    next_one.wait_settled("done", 1)
    assert differences(of, [thing]) == lost(ministack, [thing])
    assert open_uploads(of) == []
    calls = next_one.metrics().by("brigade_aws_calls_total", "operation", service="s3", status="200")
    assert 0 < calls["UploadPart"] <= STREAMED_PARTS - there, f"{there} were there, and it made {calls}"
    assert "CreateMultipartUpload" not in calls
