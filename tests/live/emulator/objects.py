"""Objects to send through a pipeline, and the proof that their copies are equal."""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

_THREADS = 16


class Ends(Protocol):
    """Both ends of a pipeline: buckets, the clients that reach them, and how keys are mapped."""

    source: str
    target: str
    prefix: str

    @property
    def s3(self) -> Any:
        """S3 where the source is."""

    @property
    def s3_away(self) -> Any:
        """S3 where the target is."""

    def copy_of(self, key: str) -> str:
        """The destination key of a source key."""


@dataclass(frozen=True)
class Thing:
    """An object: key after the pipeline's prefix, body and the headers a copy must keep."""

    path: str
    body: bytes
    metadata: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    """More of them, as boto3 names them."""
    tags: dict[str, str] = field(default_factory=dict)


def small(count: int, folder: str = "burst") -> list[Thing]:
    """Many small objects, each with a body of its own."""
    return [Thing(f"{folder}/{n:05}.txt", f"{folder} {n}".encode()) for n in range(count)]


def body_of(seed: str, size: int) -> bytes:
    """Bytes that look random and are the same every time."""
    return hashlib.shake_128(seed.encode()).digest(size)


def upload(to: Ends, things: Iterable[Thing], tick: Callable[[int], None] = lambda _: None) -> int:
    """Puts them all, many at once, and returns how many."""

    def put(thing: Thing) -> None:
        to.s3.put_object(
            Bucket=to.source,
            Key=to.prefix + thing.path,
            Body=thing.body,
            Metadata=thing.metadata,
            ContentType=thing.content_type,
            **({"Tagging": urlencode(thing.tags)} if thing.tags else {}),
            **thing.headers,
        )

    return _each(put, things, tick)


def differences(
    of: Ends, things: Iterable[Thing], tick: Callable[[int], None] = lambda _: None
) -> list[str]:
    """Compares each copy with what was uploaded, byte for byte; an empty list is the proof."""
    found: list[str] = []

    def compare(thing: Thing) -> None:
        found.extend(f"{thing.path!r}: {what}" for what in _unlike(of, thing))

    _each(compare, things, tick)
    return sorted(found)


def copied_keys(of: Ends) -> set[str]:
    """Every key in the target bucket."""
    pages = of.s3_away.get_paginator("list_objects_v2").paginate(Bucket=of.target)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def open_uploads(of: Ends) -> list[dict[str, Any]]:
    """Every upload in parts that is under way, or was left open, in the target bucket."""
    uploads: list[dict[str, Any]] = of.s3_away.list_multipart_uploads(Bucket=of.target).get("Uploads", [])
    return uploads


def _unlike(of: Ends, thing: Thing) -> list[str]:
    from botocore.exceptions import ClientError

    at = {"Bucket": of.target, "Key": of.copy_of(of.prefix + thing.path)}
    try:
        got = of.s3_away.get_object(**at)
    except ClientError as error:
        return [f"no copy ({error.response['Error']['Code']})"]
    unlike: list[str] = []
    body = got["Body"].read()
    if body != thing.body:
        unlike.append(f"the bodies differ ({len(body)} bytes, not {len(thing.body)})")
    # The daemon may add its own marker; it may not lose anything.
    lost = {name: value for name, value in thing.metadata.items() if got["Metadata"].get(name) != value}
    if lost:
        unlike.append(f"user metadata lost: {lost}")
    if got["ContentType"] != thing.content_type:
        unlike.append(f"content type {got['ContentType']!r}, not {thing.content_type!r}")
    other = {name: got.get(name) for name, value in thing.headers.items() if got.get(name) != value}
    if other:
        unlike.append(f"headers {other}, not {thing.headers}")
    if thing.tags:
        tags = {tag["Key"]: tag["Value"] for tag in of.s3_away.get_object_tagging(**at)["TagSet"]}
        if tags != thing.tags:
            unlike.append(f"tags {tags}, not {thing.tags}")
    return unlike


def _each(work: Callable[[Thing], None], things: Iterable[Thing], tick: Callable[[int], None]) -> int:
    done = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, _ in enumerate(pool.map(work, things), start=1):
            tick(done)
    return done
