"""Denied and refused: one object's trouble is parked, everybody's trouble is waited for."""

import json
from typing import Any

from conftest import Bench
from standin import wait
from standin.objects import differences, small, upload
from standin.provision import Pipeline
from standin.queues import depth, read_all
from standin.settings import settings
from standin.stands import StandIn

QUEUES = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
BUCKETS = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}

# What may be parked before denials in a row are seen as the route's trouble: the daemon's limit
# (8 keys) and what the other workers hold at that moment.
WORKERS = 4
A_HANDFUL = 8 + WORKERS


class User:
    """An IAM user whose policy can change while the daemon runs."""

    def __init__(self, on: StandIn, name: str, *statements: dict[str, Any]) -> None:
        self._iam = on.client("iam")
        self._name = name
        self._iam.create_user(UserName=name)
        self._key = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.may(*statements)

    def may(self, *statements: dict[str, Any]) -> None:
        """Replaces what the user may do."""
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        self._iam.put_user_policy(UserName=self._name, PolicyName="all", PolicyDocument=json.dumps(policy))

    def set_key(self, status: str) -> None:
        """`Active` or `Inactive`."""
        self._iam.update_access_key(UserName=self._name, AccessKeyId=self._key["AccessKeyId"], Status=status)

    @property
    def env(self) -> dict[str, str]:
        """The user's credentials for the daemon."""
        return {
            "AWS_ACCESS_KEY_ID": self._key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self._key["SecretAccessKey"],
        }


def _never(of: Pipeline, path: str) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{of.source}/{of.prefix}{path}",
    }


def test_one_denied_object_is_parked_with_the_missing_action(bench: Bench, guarded: StandIn) -> None:
    of = bench.pipeline(guarded)
    user = User(guarded, bench.name, QUEUES, BUCKETS, _never(of, "burst/00003.txt"))
    daemon = bench.daemon(settings(of), guarded.env() | user.env).wait_ready()
    things = small(10)
    upload(of, things)
    daemon.wait_settled("done", len(things) - 1)
    daemon.wait_settled("parked", 1, 60)
    [parked] = read_all(of.sqs, of.dead_letter_url)
    assert "s3:GetObject" in parked.error, parked.attributes
    assert "00003.txt" in parked.attributes["brigade.key"]
    assert daemon.held("orders") == "", "one object's trouble is not the route's"


def test_many_denials_hold_the_route_and_park_next_to_nothing(bench: Bench, guarded: StandIn) -> None:
    of = bench.pipeline(guarded)
    user = User(guarded, bench.name, QUEUES, BUCKETS, _never(of, "*"))
    written = settings(of, workers=WORKERS)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, guarded.env() | user.env).wait_ready()
    things = small(100)
    upload(of, things)
    wait.until("held", lambda: daemon.held("orders"), 60)
    user.may(QUEUES, BUCKETS)
    wait.until("the queue worked off", lambda: depth(of.sqs, of.queue_url).empty, 90)
    parked = len(read_all(of.sqs, of.dead_letter_url))
    assert parked <= A_HANDFUL, "a bad IAM edit must not empty the queue into the dead letters"
    assert len(differences(of, things)) == parked
    assert daemon.held("orders") == ""


def test_refused_credentials_are_waited_for(bench: Bench, guarded: StandIn) -> None:
    of = bench.pipeline(guarded)
    user = User(guarded, bench.name, QUEUES, BUCKETS)
    written = settings(of)
    written["queue"]["events"]["visibility_timeout"] = "30s"
    daemon = bench.daemon(written, guarded.env() | user.env).wait_ready()
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
