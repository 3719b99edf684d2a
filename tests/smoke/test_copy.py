"""Questions 1 to 13: copies, their conditions and what they answer."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from asking.account import told
from asking.answers import Asked
from asking.ground import MIB, Ground
from emulator import wait

FAILED = "412 PreconditionFailed"
GONE = "404 NoSuchKey"
OTHER = '"00000000000000000000000000000000"'

# The W of the default visibility timeout.
WITHIN_SECONDS = 30


def encoded(key: str) -> str:
    """As the daemon encodes a copy source."""
    return quote(key, safe="-._~/")


def body_at(ground: Ground, key: str) -> bytes:
    """What stands in the target bucket."""
    body: bytes = ground.s3_away.get_object(Bucket=ground.target, Key=key)["Body"].read()
    return body


@pytest.fixture(scope="module")
def large(ground: Ground) -> str:
    """64 MiB that were uploaded as 8 and multiplied by S3 itself."""
    first, _ = ground.put(ground.source, hashlib.shake_128(b"large").digest(8 * MIB))
    key, s3, bucket = ground.key(), ground.s3, ground.source
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    done = []
    for number in range(1, 9):
        at = {"Bucket": bucket, "Key": key, "UploadId": upload, "PartNumber": number}
        said = s3.upload_part_copy(**at, CopySource={"Bucket": bucket, "Key": first})
        done.append({"PartNumber": number, "ETag": said["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": done})
    return key


def test_q01_copy_object_honours_if_none_match_between_regions(ground: Ground, asked: Asked) -> None:
    """Does CopyObject honour `If-None-Match: *` between two regions?"""
    new, _ = ground.put(ground.source, b"new")
    old, _ = ground.put(ground.target, b"old", away=True)
    seen = {
        "absent": ground.copy(new, ground.key(), IfNoneMatch="*"),
        "present": ground.copy(new, old, IfNoneMatch="*"),
        "what stands there": body_at(ground, old).decode(),
    }
    asked.answer({"absent": "200", "present": FAILED, "what stands there": "old"}, seen)


def test_q02_copy_object_honours_if_match_between_regions(ground: Ground, asked: Asked) -> None:
    """And `If-Match`?"""
    new, _ = ground.put(ground.source, b"new")
    old, etag = ground.put(ground.target, b"old", away=True)
    seen = {
        "another ETag": ground.copy(new, old, IfMatch=OTHER),
        "stays": body_at(ground, old).decode(),
        "nothing there": ground.copy(new, ground.key(), IfMatch=etag),
        "its ETag": ground.copy(new, old, IfMatch=etag),
    }
    asked.answer({"another ETag": FAILED, "stays": "old", "nothing there": GONE, "its ETag": "200"}, seen)


def test_q03_what_a_failing_pin_answers(ground: Ground, asked: Asked) -> None:
    """What does a failing pin (x-amz-copy-source-if-match) answer?"""
    key, etag = ground.put(ground.source, b"x")
    seen = {"another": ground.copy(key, ground.key(), CopySourceIfMatch=OTHER)}
    ground.s3.delete_object(Bucket=ground.source, Key=key)
    seen["gone"] = ground.copy(key, ground.key(), CopySourceIfMatch=etag)
    marked, etag = ground.put(ground.source_v, b"x")
    ground.s3.delete_object(Bucket=ground.source_v, Key=marked)
    source = {"Bucket": ground.source_v, "Key": marked}
    seen["marker"] = ground.copy("", ground.key(), CopySource=source, CopySourceIfMatch=etag)
    asked.answer({"another": FAILED, "gone": GONE, "marker": GONE}, seen)


def test_q04_which_failure_is_told_first(ground: Ground, asked: Asked) -> None:
    """If pin and condition both fail, which is told?"""
    key, etag = ground.put(ground.source, b"new")
    old, _ = ground.put(ground.target, b"old", away=True)
    copy = f"{ground.source}/{encoded(key)}"
    pinned = ground.account.raw(
        "PUT",
        ground.account.away,
        f"{ground.target}/{encoded(old)}",
        x_amz_copy_source=copy,
        x_amz_copy_source_if_match=OTHER,
        If_None_Match="*",
    )
    asked.note(f"both fail with 412: {_condition(pinned.body)}")
    ground.s3.delete_object(Bucket=ground.source, Key=key)
    seen = {
        "other source, present": pinned.told,
        "gone source, present": ground.copy(key, old, CopySourceIfMatch=etag, IfNoneMatch="*"),
        "gone source, absent": ground.copy(key, ground.key(), CopySourceIfMatch=etag, IfMatch=OTHER),
    }
    expected = {"other source, present": FAILED, "gone source, present": GONE, "gone source, absent": GONE}
    asked.answer(expected, seen)


def _condition(body: str) -> str:
    return body.partition("<Condition>")[2].partition("</Condition>")[0] or "no condition is named"


def test_q05_a_delete_marker_is_nothing(ground: Ground, asked: Asked) -> None:
    """Is a delete marker at the destination "nothing" for a copy?"""
    new, _ = ground.put(ground.source, b"new")
    seen = {}
    for part, condition in (("If-None-Match", {"IfNoneMatch": "*"}), ("If-Match", {})):
        key, etag = ground.put(ground.target_v, b"old", away=True)
        ground.s3_away.delete_object(Bucket=ground.target_v, Key=key)
        condition = condition or {"IfMatch": etag}
        seen[part] = ground.copy(new, key, Bucket=ground.target_v, **condition)
    asked.answer({"If-None-Match": "200", "If-Match": GONE}, seen)


def test_q06_one_of_many_copies_wins(ground: Ground, asked: Asked) -> None:
    """Of eight copies with `If-None-Match: *` at once, how many win?"""
    new, _ = ground.put(ground.source, b"new")
    to = ground.key()
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda _: ground.copy(new, to, IfNoneMatch="*"), range(8)))
    lost = sorted(set(ends) - {"200"})
    asked.note(", ".join(f"{end}: {ends.count(end)}" for end in sorted(set(ends))))
    known = {FAILED, "409 ConditionalRequestConflict"}
    seen = {"winners": str(ends.count("200")), "others": "412 or 409" if set(lost) <= known else str(lost)}
    asked.answer({"winners": "1", "others": "412 or 409"}, seen)


def _compared(ground: Ground, key: str) -> dict[str, Any]:
    """Copies and shows the copy as HEAD does."""
    to = ground.key()
    assert ground.copy(key, to) == "200"
    shown: dict[str, Any] = ground.s3_away.head_object(Bucket=ground.target, Key=to, ChecksumMode="ENABLED")
    return shown


def test_q07_a_copy_has_its_sources_etag_and_checksum(ground: Ground, asked: Asked) -> None:
    """Has a copy of a single-part object its source's ETag and checksum, in the other region too?"""
    key, etag = ground.put(ground.source, b"x" * MIB)
    source = ground.s3.head_object(Bucket=ground.source, Key=key, ChecksumMode="ENABLED")
    copy = _compared(ground, key)
    sums = [name for name in source if name.startswith("Checksum") and name != "ChecksumType"]
    same = bool(sums) and all(source[name] == copy.get(name) for name in sums)
    asked.note(f"the source has {', '.join(sums) or 'no checksum'}")
    seen = {"ETag": _equal(copy["ETag"] == etag), "checksum": _equal(same)}
    asked.answer({"ETag": "equal", "checksum": "equal"}, seen)


def test_q08_a_copy_of_a_multipart_object(ground: Ground, asked: Asked) -> None:
    """And of a multipart object?"""
    parts = [hashlib.shake_128(b"part").digest(5 * MIB), b"the rest"]
    md5 = hashlib.md5(b"".join(parts)).hexdigest()
    full, composite = ground.key(), ground.key()
    ground.put_in_parts(full, parts)
    shown = ground.s3.head_object(Bucket=ground.source, Key=full, ChecksumMode="ENABLED")
    crc64, copy = shown.get("ChecksumCRC64NVME"), _compared(ground, full)
    ground.put_in_parts(composite, parts, composite=True)
    other = _compared(ground, composite)
    crc32 = str(other.get("ChecksumCRC32", "none"))
    seen = {
        "ETag": "the MD5" if copy["ETag"].strip('"') == md5 else copy["ETag"],
        "CRC64NVME": _equal(crc64 is not None and crc64 == copy.get("ChecksumCRC64NVME")),
        "composite CRC32": "composite" if "-" in crc32 else f"{other.get('ChecksumType', 'none')}",
    }
    expected = {"ETag": "the MD5", "CRC64NVME": "equal", "composite CRC32": "FULL_OBJECT"}
    asked.answer(expected, seen)


def _equal(is_so: bool) -> str:
    return "equal" if is_so else "differs"


def test_q09_a_copy_between_regions_is_fast_enough(ground: Ground, asked: Asked, large: str) -> None:
    """How fast is a copy between regions?"""
    started = time.monotonic()
    told_so = ground.copy(large, ground.key())
    speed = 64 / (time.monotonic() - started)
    asked.note(f"{speed:.0f} MiB/s")
    seen = {"copy": told_so, "speed": "32 MiB/s or more" if speed >= 32 else "less"}
    asked.answer({"copy": "200", "speed": "32 MiB/s or more"}, seen)


def test_q10_an_abandoned_copy_lands_in_time_or_never(ground: Ground, asked: Asked, large: str) -> None:
    """Can a copy land after its caller hung up, and how late?"""
    to, began = ground.key(), time.monotonic()
    at = f"{ground.target}/{encoded(to)}"
    source = f"{ground.source}/{encoded(large)}"
    ground.account.hang_up("PUT", ground.account.away, at, x_amz_copy_source=source)

    def landed(seconds: float) -> bool:
        copy = {"Bucket": ground.target, "Key": to}
        try:
            return wait.until(
                "the copy", lambda: told(ground.s3_away.head_object, **copy) == "200", seconds, every=0.5
            )
        except AssertionError:
            return False

    # Twice as long again: what lands then would be too late.
    seen = "in time" if landed(WITHIN_SECONDS) else "late" if landed(2 * WITHIN_SECONDS) else "never"
    asked.note(f"{seen}, looked for {time.monotonic() - began:.1f} s")
    asked.answer({"lands": ("in time", "never")}, {"lands": seen})


ODD = ["a b", "plus+sign", "per%cent%20", "what?versionId=x", "ü/東京", "quote'(1)!*~", "semi;colon,&="]


def test_q11_a_copy_source_is_decoded_once(ground: Ground, asked: Asked) -> None:
    """Is a percent-encoded copy source decoded once, whatever the key?"""
    seen = {}
    for odd in ODD:
        key = f"{ground.key()} {odd}"
        ground.s3.put_object(Bucket=ground.source, Key=key, Body=odd.encode())
        seen[odd] = _raw_copy(ground, encoded(key))
    spaced = f"{ground.key()} bare plus"
    ground.s3.put_object(Bucket=ground.source, Key=spaced, Body=b"x")
    seen["a bare + for a space"] = _raw_copy(ground, encoded(spaced).replace("%20", "+"))
    asked.answer(dict.fromkeys(seen, "200"), seen)


def _raw_copy(ground: Ground, path: str) -> str:
    source = f"{ground.source}/{path}"
    to = f"{ground.target}/{encoded(ground.key())}"
    return ground.account.raw("PUT", ground.account.away, to, x_amz_copy_source=source).told


def test_q12_put_object_keeps_the_same_conditions(ground: Ground, asked: Asked) -> None:
    """Does PutObject keep the same conditions?"""
    old, etag = ground.put(ground.target, b"old", away=True)

    def put(key: str, **condition: str) -> str:
        return told(ground.s3_away.put_object, Bucket=ground.target, Key=key, Body=b"new", **condition)

    seen = {
        "absent": put(ground.key(), IfNoneMatch="*"),
        "present": put(old, IfNoneMatch="*"),
        "another ETag": put(old, IfMatch=OTHER),
        "nothing there": put(ground.key(), IfMatch=etag),
        "its ETag": put(old, IfMatch=etag),
    }
    expected = {
        "absent": "200",
        "present": FAILED,
        "another ETag": FAILED,
        "nothing there": GONE,
        "its ETag": "200",
    }
    asked.answer(expected, seen)


def test_q13_a_conditional_delete_of_an_absent_key(ground: Ground, asked: Asked) -> None:
    """What does DeleteObject with `If-Match` say of an absent key?"""
    key, etag = ground.put(ground.target, b"x", away=True)

    def delete(key: str, condition: str) -> str:
        return told(ground.s3_away.delete_object, Bucket=ground.target, Key=key, IfMatch=condition)

    seen = {
        "another ETag": delete(key, OTHER),
        "its ETag": delete(key, etag),
        "absent, an ETag": delete(key, etag),
        "absent, *": delete(key, "*"),
    }
    expected = {"another ETag": FAILED, "its ETag": "204", "absent, an ETag": GONE, "absent, *": GONE}
    asked.answer(expected, seen)
