"""Questions 34 to 38: uploads in parts, and tags."""

from typing import Any

from asking.account import told
from asking.answers import Asked
from asking.ground import MIB, Ground

FAILED = "412 PreconditionFailed"
CONFLICT = "409 ConditionalRequestConflict"


class Upload:
    """An upload of one part to the target, complete but for the last call."""

    def __init__(self, ground: Ground, key: str) -> None:
        self._s3 = ground.s3_away
        self.at: dict[str, Any] = {"Bucket": ground.target, "Key": key}
        self.at["UploadId"] = self._s3.create_multipart_upload(**self.at)["UploadId"]
        part = self._s3.upload_part(**self.at, PartNumber=1, Body=b"part")
        self._parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}

    def complete(self, **condition: str) -> str:
        """Completes it; what that was told."""
        call = self._s3.complete_multipart_upload
        return told(call, **self.at, MultipartUpload=self._parts, **condition)


def test_q34_what_happens_meanwhile_to_an_upload(ground: Ground, asked: Asked) -> None:
    """What does a conditional Complete say of what happened during the upload?"""

    def put(key: str, body: bytes) -> str:
        etag: str = ground.s3_away.put_object(Bucket=ground.target, Key=key, Body=body)["ETag"]
        return etag

    def remove(key: str) -> None:
        ground.s3_away.delete_object(Bucket=ground.target, Key=key)

    seen = {}
    key = ground.key()
    upload = Upload(ground, key)
    etag = put(key, b"other")
    seen["absent, then put"] = upload.complete(IfNoneMatch="*")
    remove(key)
    seen["and deleted again"] = upload.complete(IfNoneMatch="*")
    asked.note(f"after that answer, without a condition: {upload.complete()}")
    for part, body in (("overwritten, its new ETag", b"newer"), ("with the same content", b"old")):
        key = ground.key()
        etag = put(key, b"old")
        upload = Upload(ground, key)
        etag = put(key, body)
        seen[part] = upload.complete(IfMatch=etag)
    key = ground.key()
    etag = put(key, b"old")
    upload = Upload(ground, key)
    remove(key)
    seen["deleted, its old ETag"] = upload.complete(IfMatch=etag)
    expected = {
        "absent, then put": FAILED,
        "and deleted again": CONFLICT,
        "overwritten, its new ETag": CONFLICT,
        "with the same content": CONFLICT,
        "deleted, its old ETag": "404 NoSuchKey",
    }
    asked.answer(expected, seen)


def test_q35_a_second_complete(ground: Ground, asked: Asked) -> None:
    """What does a second Complete of the same upload say?"""
    upload = Upload(ground, ground.key())
    seen = {"first": upload.complete(), "second": upload.complete()}
    seen["aborted then"] = told(ground.s3_away.abort_multipart_upload, **upload.at)
    seen["still there"] = told(ground.s3_away.head_object, Bucket=ground.target, Key=upload.at["Key"])
    expected: dict[str, str | tuple[str, ...]] = {"first": "200", "second": ("200", "404 NoSuchUpload")}
    asked.answer(expected | {"aborted then": ("204", "404 NoSuchUpload"), "still there": "200"}, seen)


def test_q36_what_a_copied_part_may_be(ground: Ground, asked: Asked) -> None:
    """What does UploadPartCopy say to a failing pin, a source that is gone, and ranges?"""
    key, etag = ground.put(ground.source, b"x" * (6 * MIB))
    small, _ = ground.put(ground.source, b"0123456789")
    gone, _ = ground.put(ground.source, b"x")
    ground.s3.delete_object(Bucket=ground.source, Key=gone)
    upload = Upload(ground, ground.key())

    def copy(key: str, **more: str) -> str:
        source = {"Bucket": ground.source, "Key": key}
        return told(ground.s3_away.upload_part_copy, **upload.at, PartNumber=2, CopySource=source, **more)

    whole, small_range = f"bytes=0-{6 * MIB - 1}", "bytes=0-8"
    seen = {
        "pinned": copy(key, CopySourceIfMatch=etag, CopySourceRange=whole),
        "another": copy(key, CopySourceIfMatch='"00000000000000000000000000000000"'),
        "gone": copy(gone),
        "beyond the end": copy(key, CopySourceRange=f"bytes=0-{6 * MIB}"),
        "of a small source": copy(small, CopySourceRange=small_range),
    }
    expected = {
        "pinned": "200",
        "another": FAILED,
        "gone": "404 NoSuchKey",
        "beyond the end": "400 InvalidArgument",
        "of a small source": ("200", "400 InvalidRequest"),
    }
    asked.answer(expected, seen)


def test_q37_a_copy_in_parts_has_its_sources_checksum(ground: Ground, asked: Asked) -> None:
    """Has a copy made of parts the full-object CRC64NVME of its source?"""
    key = ground.key()
    ground.plain.put_object(Bucket=ground.source, Key=key, Body=b"y" * (6 * MIB))
    source = ground.s3.head_object(Bucket=ground.source, Key=key, ChecksumMode="ENABLED")
    s3, to = ground.s3_away, ground.key()
    at: dict[str, Any] = {"Bucket": ground.target, "Key": to}
    sums = {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT"}
    at["UploadId"] = s3.create_multipart_upload(**at, **sums)["UploadId"]
    parts = []
    for number, bounds in enumerate((f"bytes=0-{5 * MIB - 1}", f"bytes={5 * MIB}-{6 * MIB - 1}"), start=1):
        said = s3.upload_part_copy(
            **at,
            PartNumber=number,
            CopySource={"Bucket": ground.source, "Key": key},
            CopySourceRange=bounds,
        )["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": said["ETag"]})
        sums = ", ".join(name for name in said if "Checksum" in name)
        asked.note(f"part {number} tells {sums or 'no sum'}")
    done = s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    shown = s3.head_object(Bucket=ground.target, Key=to, ChecksumMode="ENABLED")
    sum_ = source.get("ChecksumCRC64NVME")
    seen = {
        "the source's": "told" if sum_ else "not told",
        "the answer's": "equal" if sum_ and done.get("ChecksumCRC64NVME") == sum_ else "another",
        "HEAD's": "equal" if sum_ and shown.get("ChecksumCRC64NVME") == sum_ else "another",
    }
    asked.answer({"the source's": "told", "the answer's": "equal", "HEAD's": "equal"}, seen)


def test_q38_tags_leave_the_object_as_it_is(ground: Ground, asked: Asked) -> None:
    """Do tags leave ETag, version and Last-Modified as they are?"""
    key, _ = ground.put(ground.source_v, b"x", Tagging="a=1")
    at = {"Bucket": ground.source_v, "Key": key}
    before = ground.s3.head_object(**at)
    tags = {"TagSet": [{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}]}
    ground.s3.put_object_tagging(**at, Tagging=tags)
    after = ground.s3.head_object(**at)
    same = {name: before[name] == after[name] for name in ("ETag", "VersionId", "LastModified")}
    seen = {name: "the same" if is_so else "another" for name, is_so in same.items()}
    seen["TagCount"] = str(after.get("TagCount", "none"))
    asked.answer(dict.fromkeys(same, "the same") | {"TagCount": "2"}, seen)
