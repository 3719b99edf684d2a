"""What a daemon leaves behind when it is told to stop, and when it is not even told."""

import json
import urllib.parse

import pytest

from conftest import Bench
from emulator import wait
from emulator.daemon import Daemon
from emulator.objects import copied_keys, differences, small, upload
from emulator.provision import Pipeline
from emulator.queues import depth, read_all
from emulator.settings import settings
from emulator.stands import Emulator

# So many that "in the middle" lasts long enough to be hit.
OBJECTS = small(1500)
MIDDLE = 100


def started_in_the_middle(bench: Bench, of: Pipeline, ministack: Emulator, workers: int = 2) -> Daemon:
    """Starts a daemon on a full queue and returns when it has settled some of it."""
    written = settings(of, workers=workers)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, ministack.env()).wait_ready()
    daemon.wait_settled("done", MIDDLE, every=0.005)
    return daemon


# Two workers hold much that is not started; many always have a receive under way, whose answer
# must not get lost with the connection.
@pytest.mark.parametrize("workers", [2, 48])
def test_sigterm_leaves_nothing_held_and_nothing_done_but_undeleted(
    bench: Bench, ministack: Emulator, workers: int
) -> None:
    of = bench.pipeline(ministack)
    upload(of, OBJECTS)
    daemon = started_in_the_middle(bench, of, ministack, workers)
    assert daemon.drain() == 0
    left = depth(of.sqs, of.queue_url)
    assert left.in_flight == 0, f"un-started messages must show again at once: {left}"
    assert left.visible > 0, "it was done before it was told to stop: nothing was tested"
    waiting = {of.copy_of(key) for message in read_all(of.sqs, of.queue_url) for key in _keys(message.body)}
    copied = copied_keys(of)
    assert waiting & copied == set(), "finished but not deleted"
    assert len(waiting | copied) == len(OBJECTS), "lost"


def test_kill_9_loses_nothing(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    upload(of, OBJECTS)
    killed = started_in_the_middle(bench, of, ministack)
    killed.kill()
    assert not depth(of.sqs, of.queue_url).empty, "it was done before it was killed: nothing was tested"
    next_one = bench.daemon(settings(of), ministack.env()).wait_ready()
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 60)
    assert differences(of, OBJECTS) == []
    assert read_all(of.sqs, of.dead_letter_url) == []
    assert next_one.drain() == 0


def _keys(body: str) -> list[str]:
    records = json.loads(body).get("Records", [])
    return [urllib.parse.unquote_plus(record["s3"]["object"]["key"]) for record in records]
