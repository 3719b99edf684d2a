"""Questions 14 to 21: looking at objects and buckets."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from asking.account import told
from asking.answers import Asked
from asking.ground import Ground
from botocore.exceptions import ClientError
from emulator import wait

# A bucket policy takes some seconds to be known everywhere.
POLICY_SECONDS = 15


def test_q14_head_of_a_delete_marker(ground: Ground, asked: Asked) -> None:
    """What does HEAD say of a delete marker?"""
    key, _ = ground.put(ground.source_v, b"x")
    marker = ground.s3.delete_object(Bucket=ground.source_v, Key=key)["VersionId"]
    said = ground.account.raw("HEAD", ground.account.home, f"{ground.source_v}/{key}")
    seen = {
        "status": said.told,
        "x-amz-delete-marker": said.headers.get("x-amz-delete-marker", "missing"),
        "x-amz-version-id": "the marker's" if said.headers.get("x-amz-version-id") == marker else "missing",
    }
    asked.answer({"status": "404", "x-amz-delete-marker": "true", "x-amz-version-id": "the marker's"}, seen)


@pytest.fixture(scope="module")
def closed(ground: Ground) -> Ground:
    """The bucket that nobody may list, with one key that nobody may read."""
    account, name = ground.account, ground.closed
    arn = f"arn:{account.partition}:s3:::{name}"
    denied = [("s3:ListBucket", arn), ("s3:GetObject", f"{arn}/denied")]
    deny = {"Effect": "Deny", "Principal": "*"}
    statements = [deny | {"Action": action, "Resource": resource} for action, resource in denied]
    ground.s3.put_object(Bucket=name, Key="denied", Body=b"x")
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    account.client("s3", account.home, patient=True).put_bucket_policy(Bucket=name, Policy=policy)
    try:
        wait.until(
            "the policy",
            lambda: told(ground.s3.head_object, Bucket=name, Key="denied") == "403",
            POLICY_SECONDS,
            every=1,
        )
    except AssertionError:
        pass  # The answers will show it.
    return ground


def test_q15_an_absent_key_is_hidden_without_list_bucket(closed: Ground, asked: Asked) -> None:
    """Is an absent key 404 with s3:ListBucket and 403 without?"""
    seen = {}
    for part, bucket in (("with", closed.source), ("without", closed.closed)):
        absent = {"Bucket": bucket, "Key": closed.key()}
        seen[f"HEAD {part}"] = told(closed.s3.head_object, **absent)
        seen[f"GET {part}"] = told(closed.s3.get_object, **absent)
    expected = {
        "HEAD with": "404",
        "GET with": "404 NoSuchKey",
        "HEAD without": "403",
        "GET without": "403 AccessDenied",
    }
    asked.answer(expected, seen)


def test_q16_a_denial_names_the_action(closed: Ground, asked: Asked) -> None:
    """Does a denied GET name the missing action, and a denied HEAD nothing?"""
    denied = {"Bucket": closed.closed, "Key": "denied"}
    seen = {"HEAD": told(closed.s3.head_object, **denied)}
    try:
        closed.s3.get_object(**denied)
        seen["GET"] = "200"
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        asked.note(message)
        seen["GET"] = "names s3:GetObject" if "s3:GetObject" in message else "names no action"
    asked.answer({"HEAD": "403", "GET": "names s3:GetObject"}, seen)


def test_q17_the_wrong_region_names_the_right_one(ground: Ground, asked: Asked) -> None:
    """What does the wrong region answer?"""
    key, _ = ground.put(ground.source, b"x")
    source = f"{ground.source}/{key}"
    home, target = ground.account.home, ground.target
    answers = {
        "HeadBucket": ground.account.raw("HEAD", home, target),
        "HeadObject": ground.account.raw("HEAD", home, f"{target}/{key}"),
        "CopyObject": ground.account.raw("PUT", home, f"{target}/{key}", x_amz_copy_source=source),
    }
    seen = {}
    for part, answer in answers.items():
        seen[part] = str(answer.status)
        seen[f"{part} names"] = answer.headers.get("x-amz-bucket-region", "no region")
        asked.note(f"{part}: {answer.told}")
    redirect = ("301", "307", "400")
    expected: dict[str, str | tuple[str, ...]] = {}
    for part in answers:
        expected |= {part: redirect, f"{part} names": ground.account.away}
    asked.answer(expected, seen)


def test_q18_a_bucket_that_nobody_has(ground: Ground, asked: Asked) -> None:
    """And a bucket that nobody has?"""
    said = ground.account.raw("HEAD", ground.account.home, ground.own.name("nobody"))
    region = said.headers.get("x-amz-bucket-region", "no region")
    asked.answer({"status": "404", "names": "no region"}, {"status": said.told, "names": region})


def test_q19_the_first_byte_of_nothing(ground: Ground, asked: Asked) -> None:
    """What is the first byte of an empty object?"""
    key, _ = ground.put(ground.source, b"")
    got = told(ground.s3.get_object, Bucket=ground.source, Key=key, Range="bytes=0-0")
    asked.answer({"GET": "416 InvalidRange"}, {"GET": got})


def test_q20_s3_adds_a_checksum(ground: Ground, asked: Asked) -> None:
    """Does HEAD tell a full-object CRC64NVME where no checksum was sent?"""
    key = ground.key()
    ground.plain.put_object(Bucket=ground.source, Key=key, Body=b"x")
    shown = ground.s3.head_object(Bucket=ground.source, Key=key, ChecksumMode="ENABLED")
    seen = {
        "CRC64NVME": "told" if "ChecksumCRC64NVME" in shown else "not told",
        "type": shown.get("ChecksumType", "none"),
    }
    asked.answer({"CRC64NVME": "told", "type": "FULL_OBJECT"}, seen)


def test_q21_last_modified_is_not_after_the_event(ground: Ground, asked: Asked) -> None:
    """How does Last-Modified lie to the event's time?"""
    put, _ = ground.put(ground.source, b"x")
    copied = ground.key()
    ground.s3.copy_object(
        Bucket=ground.source, Key=copied, CopySource={"Bucket": ground.source, "Key": put}
    )
    uploaded = ground.key()
    ground.put_in_parts(uploaded, [b"x"])
    seen = {}
    for kind, key in (("Put", put), ("Copy", copied), ("CompleteMultipartUpload", uploaded)):
        event = ground.events.about(ground.source, key, f"ObjectCreated:{kind}")
        time = datetime.fromisoformat(event.record["eventTime"].replace("Z", "+00:00"))
        shown: dict[str, Any] = ground.s3.head_object(Bucket=ground.source, Key=key)
        up = time.replace(microsecond=0) + timedelta(seconds=bool(time.microsecond))
        seen[kind] = "not after it" if shown["LastModified"] <= up else "after it"
        asked.note(f"{kind}: modified {shown['LastModified']:%H:%M:%S}, event {time:%H:%M:%S.%f}")
    asked.answer(dict.fromkeys(seen, "not after it"), seen)
