"""Question 33: a KMS key at the destination."""

import os

import pytest
from asking.answers import Asked
from asking.ground import Ground


def test_q33_what_shows_that_a_kms_copy_is_equal(ground: Ground, asked: Asked) -> None:
    """With a KMS key at the destination, what shows that a copy is equal?"""
    kms = os.environ.get("AWS_SMOKE_KMS_KEY")
    if not kms:
        asked.note("AWS_SMOKE_KMS_KEY names no key")
        pytest.skip("AWS_SMOKE_KMS_KEY names no key")
    key, etag = ground.put(ground.source, b"abc")
    source = ground.s3.head_object(Bucket=ground.source, Key=key, ChecksumMode="ENABLED")
    to = ground.key()
    said = ground.s3_away.copy_object(
        Bucket=ground.target,
        Key=to,
        CopySource={"Bucket": ground.source, "Key": key},
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=kms,
    )
    shown = ground.s3_away.head_object(Bucket=ground.target, Key=to, ChecksumMode="ENABLED")
    answered = said["CopyObjectResult"]["ETag"]
    sums = [name for name in source if name.startswith("Checksum") and name != "ChecksumType"]
    seen = {
        "the answer says": str(said.get("ServerSideEncryption")),
        "ETag": "another" if answered != etag else "the source's",
        "HEAD's ETag": "the answer's" if shown["ETag"] == answered else "another",
        "checksum": "equal" if sums and all(source[n] == shown.get(n) for n in sums) else "differs",
    }
    expected = {
        "the answer says": "aws:kms",
        "ETag": "another",
        "HEAD's ETag": "the answer's",
        "checksum": "equal",
    }
    asked.answer(expected, seen)
