"""Denied and refused: one object's trouble is dead-lettered, everybody's trouble is waited for."""

from typing import Any

from conftest import Bench
from emulator import wait
from emulator.iam import BUCKETS, QUEUES, User
from emulator.objects import differences, small, upload
from emulator.provision import Pipeline
from emulator.queues import depth, read_all
from emulator.settings import settings
from emulator.stands import Emulator

# What may be dead-lettered before denials in a row are seen as the route's trouble: the daemon's limit
# (8 keys) and what the other workers hold at that moment.
WORKERS = 4
A_HANDFUL = 8 + WORKERS


def _never(of: Pipeline, path: str) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{of.source}/{of.prefix}{path}",
    }


def test_one_denied_object_is_parked_with_the_missing_action(bench: Bench, guarded: Emulator) -> None:
    of = bench.pipeline(guarded)
    user = User(guarded, bench.name, QUEUES, BUCKETS, _never(of, "burst/00003.txt"))
    daemon = bench.daemon(settings(of), guarded.env() | user.key.env).wait_ready()
    things = small(10)
    upload(of, things)
    daemon.wait_settled("done", len(things) - 1)
    daemon.wait_settled("dead_lettered", 1, 60)
    [dead_lettered] = read_all(of.sqs, of.dead_letter_url)
    assert "s3:GetObject" in dead_lettered.error, dead_lettered.attributes
    assert "00003.txt" in dead_lettered.attributes["brigade.key"]
    assert daemon.paused("orders") == "", "one object's trouble is not the route's"


def test_many_denials_hold_the_route_and_park_next_to_nothing(bench: Bench, guarded: Emulator) -> None:
    of = bench.pipeline(guarded)
    user = User(guarded, bench.name, QUEUES, BUCKETS, _never(of, "*"))
    written = settings(of, workers=WORKERS)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, guarded.env() | user.key.env).wait_ready()
    things = small(100)
    upload(of, things)
    wait.until("paused", lambda: daemon.paused("orders"), 60)
    user.may(QUEUES, BUCKETS)
    wait.until("the queue worked off", lambda: depth(of.sqs, of.queue_url).empty, 90)
    dead_lettered = len(read_all(of.sqs, of.dead_letter_url))
    assert dead_lettered <= A_HANDFUL, "a bad IAM edit must not empty the queue into the dead letters"
    assert len(differences(of, things)) == dead_lettered
    assert daemon.paused("orders") == ""


def test_refused_credentials_are_waited_for(bench: Bench, guarded: Emulator) -> None:
    of = bench.pipeline(guarded)
    user = User(guarded, bench.name, QUEUES, BUCKETS)
    written = settings(of)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, guarded.env() | user.key.env).wait_ready()
    user.set_key("Inactive")
    wait.until("not ready", lambda: daemon.get("/ready")[0] == 503, 60)
    assert daemon.get("/live")[0] == 200, "a restart would not help: live is about the loops"
    things = small(20)
    upload(of, things)
    user.set_key("Active")
    daemon.wait_settled("done", len(things), 90)
    wait.until("ready again", lambda: daemon.ready, 30)
    assert differences(of, things) == []
    assert read_all(of.sqs, of.dead_letter_url) == []
