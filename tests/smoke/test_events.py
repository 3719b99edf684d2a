"""Questions 22 to 24: what buckets tell their queue."""

import re
from typing import Any

from asking.account import told
from asking.answers import Asked
from asking.events import Event
from asking.ground import Ground


def _told(event: Event, etag: str, size: int) -> dict[str, str]:
    said: dict[str, Any] = event.object
    return {
        "version": "2.x" if event.record["eventVersion"].startswith("2.") else event.record["eventVersion"],
        "records": str(event.siblings),
        "eTag": "bare, HEAD's" if said.get("eTag") == etag.strip('"') else str(said.get("eTag")),
        "size": "right" if said.get("size") == size else str(said.get("size")),
        "versionId": "there" if said.get("versionId") else "absent",
        "sequencer": "hex" if re.fullmatch("[0-9A-Fa-f]+", said.get("sequencer", "")) else "none",
    }


def test_q22_the_event_of_a_new_object(ground: Ground, asked: Asked) -> None:
    """What is in the event of a new object?"""
    new = {"version": "2.x", "records": "1", "eTag": "bare, HEAD's", "size": "right", "sequencer": "hex"}
    expected, seen = {}, {}
    buckets = {"plain": (ground.source, "absent"), "versioned": (ground.source_v, "there")}
    for part, (bucket, version) in buckets.items():
        key, etag = ground.put(bucket, b"abc")
        event = ground.events.about(bucket, key, "ObjectCreated:Put")
        if part == "plain":
            asked.note(f"eventVersion {event.record['eventVersion']}, {event.object}")
        seen |= {f"{part} {name}": value for name, value in _told(event, etag, 3).items()}
        expected |= {f"{part} {name}": value for name, value in (new | {"versionId": version}).items()}
        expected[f"{part} test event"] = "came"
        seen[f"{part} test event"] = "came" if ground.events.tested(bucket, 5) else "did not"
    asked.answer(expected, seen)


def test_q23_the_event_of_a_removal(ground: Ground, asked: Asked) -> None:
    """And of a removal?"""
    expected, seen = {}, {}
    for part, bucket, kind in (
        ("plain", ground.source, "ObjectRemoved:Delete"),
        ("versioned", ground.source_v, "ObjectRemoved:DeleteMarkerCreated"),
    ):
        key, _ = ground.put(bucket, b"abc")
        ground.s3.delete_object(Bucket=bucket, Key=key)
        try:
            said = ground.events.about(bucket, key, kind).object
            seen[part] = ", ".join(sorted(name for name in said if name != "versionId"))
        except AssertionError:
            seen[part] = f"no {kind}"
        expected[part] = "key, sequencer"
    asked.answer(expected, seen)


ODD = ["a b", "plus+sign", "per%cent%20", "ü/東京", "a@b=(1)!*~'", "new\nline"]


def test_q24_how_keys_are_encoded(ground: Ground, asked: Asked) -> None:
    """How are keys encoded?"""
    seen = {}
    slashes = set()
    for odd in ODD:
        key = f"{ground.key()} {odd}"
        put = told(ground.s3.put_object, Bucket=ground.source, Key=key, Body=b"x")
        if put != "200":
            seen[repr(odd)] = put
            continue
        try:
            sent = ground.events.about(ground.source, key, "ObjectCreated:Put").object["key"]
        except AssertionError:
            seen[repr(odd)] = "does not decode"
            continue
        asked.note(f"{odd!r}: {sent}")
        seen[repr(odd)] = "decodes"
        slashes.add("as it is" if "/" in sent else "%2F")
    expected = dict.fromkeys(seen, "decodes") | {"slash": "as it is"}
    asked.answer(expected, seen | {"slash": ", ".join(sorted(slashes))})
