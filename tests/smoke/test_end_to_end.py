"""The real binary on the real thing: every object arrives equal, nothing is dead-lettered."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asking.ground import ASK, MIB, SEND, Ground, tell
from emulator import wait
from emulator.daemon import Daemon
from emulator.environment import isolated
from emulator.objects import Thing, body_of, differences, small, upload
from emulator.queues import depth, read_all

ARRIVE_SECONDS = 180

THINGS = [
    *small(12),
    Thing("metadata.csv", b"a,b\n1,2\n", {"owner": "billing"}, "text/csv"),
    Thing("empty", b""),
    Thing("with spaces/and  two.txt", b"spaces"),
    Thing("plus+sign+.txt", b"plus"),
    Thing("percent%/already%20encoded%2B.txt", b"percent"),
    Thing("unicode/Zoë/東京/🪣.txt", b"unicode"),
    Thing("large.bin", body_of("large", MIB)),
]
MULTIPART = Thing("multipart.bin", body_of("multipart", 5 * MIB) + b"the rest")


@dataclass
class Way:
    """Both ends of the route."""

    source: str
    target: str
    s3: Any
    s3_away: Any
    prefix: str = SEND

    def copy_of(self, key: str) -> str:
        """The destination key of a source key."""
        return "copied/" + key.removeprefix(self.prefix)


def test_the_binary_copies_everything_and_parks_nothing(
    ground: Ground, binary: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    account, own = ground.account, ground.own
    way = Way(ground.source, ground.target, ground.s3, ground.s3_away)
    work = own.queue("work", dead_letters_after=20)
    dead = own.url("work-dead")
    tell(ground, ground.source, {ASK: own.url("events"), SEND: work})
    settings = {
        "version": 1,
        "environment": "smoke",
        "queue": {"events": {"url": work}},
        "route": {
            "smoke": {
                "from": f"s3://{ground.source}/{SEND}",
                "to": f"s3://{ground.target}/copied/{{path}}",
            }
        },
    }
    things = [*THINGS, MULTIPART]
    with Daemon(binary, tmp_path, settings, isolated() | account.env()) as daemon:
        request.node.daemon = daemon
        daemon.wait_ready(60)
        upload(way, THINGS)
        first, rest = MULTIPART.body[: 5 * MIB], MULTIPART.body[5 * MIB :]
        ground.put_in_parts(SEND + MULTIPART.path, [first, rest], ContentType=MULTIPART.content_type)
        # The proof is the copies; the counts are the daemon's own word for it.
        daemon.wait_settled("done", len(things), ARRIVE_SECONDS, every=1)
        assert differences(way, things) == []
        wait.until("an empty queue", lambda: depth(ground.sqs, work).empty, 90, every=2)
        assert read_all(ground.sqs, dead) == []
        assert daemon.drain() == 0
