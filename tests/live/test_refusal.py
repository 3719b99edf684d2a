"""A configuration that cannot work is refused at the door: exit code 64, the key as it was typed.

One case of each kind, against the real binary; the rules themselves are tested where they stand.
Nothing listens at the queue's address: who gets as far as AWS ends otherwise.
"""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import Bench
from emulator.daemon import DRAIN_SECONDS, command
from emulator.environment import isolated
from emulator.objects import small, upload
from emulator.settings import settings
from emulator.stands import Emulator

REFUSED = 64

QUEUE = '[queue.events]\nurl = "http://127.0.0.1:1/000000000000/events"\n'
FROM = 'from = "s3://raw/incoming/"\n'
TO = 'to = "s3://lake/orders/{path}"\n'
ROUTE = "[route.orders]\n" + FROM + TO
BACK = '[route.back]\nfrom = "s3://lake/orders/"\nto = "s3://raw/incoming/{path}"\n'

# Why, the file, and what must be said.
BAD_FILES: list[tuple[str, str, list[str]]] = [
    ("not TOML", QUEUE + "[route.orders\n", ["line 3"]),
    ("a later version", "version = 2\n" + QUEUE + ROUTE, ["version", "2"]),
    ("a section nobody knows", QUEUE + ROUTE + "[wrok]\nworkers = 2\n", ["wrok", "work"]),
    ("a key nobody knows", QUEUE + ROUTE + 'sufix = ".csv"\n', ["route.orders.sufix", "suffix"]),
    (
        "two keys nobody knows",
        QUEUE + "visibility = 3\n" + ROUTE + "inclde = 1\n",
        ["queue.events.visibility", "route.orders.inclde"],
    ),
    ("a name no variable could spell", QUEUE + ROUTE.replace("orders]", "my-orders]"), ["my-orders"]),
    ("a queue without its address", "[queue.events]\nmax_pollers = 2\n" + ROUTE, ["queue.events.url"]),
    ("a route without its end", QUEUE + "[route.orders]\n" + FROM, ["route.orders.to"]),
    ("an empty text", QUEUE + ROUTE + 'from_region = ""\n', ["route.orders.from_region", "empty"]),
    (
        "a bare number for a time",
        QUEUE + "visibility_timeout = 120\n" + ROUTE,
        ["queue.events.visibility_timeout", "120s"],
    ),
    ("a time out of range", QUEUE + 'visibility_timeout = "5s"\n' + ROUTE, ["visibility_timeout", "30s"]),
    ("a number out of range", QUEUE + ROUTE + "[retry]\nmax_attempts = 1\n", ["retry.max_attempts", "2"]),
    ("a text for a number", QUEUE + ROUTE + '[work]\nworkers = "many"\n', ["work.workers", "many"]),
    ("a word nobody knows", QUEUE + ROUTE + 'transfer = "sever"\n', ["route.orders.transfer", "server"]),
    (
        "not a place in S3",
        QUEUE + "[route.orders]\n" + TO + 'from = "raw/incoming"\n',
        ["route.orders.from", "s3://"],
    ),
    ("not a glob", QUEUE + ROUTE + 'include = "[a"\n', ["route.orders.include", "[a"]),
    ("a queue that is nowhere", QUEUE + ROUTE + 'queue = "evens"\n', ["route.orders.queue", "events"]),
    (
        "a crawler that is nowhere",
        QUEUE + ROUTE + 'crawlers = ["orders"]\n',
        ["route.orders.crawlers", "orders"],
    ),
    ("a FIFO queue", QUEUE.replace("/events", "/events.fifo") + ROUTE, ["queue.events.url", "FIFO"]),
    (
        "a route that feeds itself",
        QUEUE + ROUTE.replace("lake/orders", "raw/incoming/x"),
        ["route.orders.to", "itself"],
    ),
    ("two routes in a circle", QUEUE + ROUTE + BACK, ["route.", "circle"]),
    ("keys that would collide", QUEUE + ROUTE.replace("{path}", "{name}"), ["route.orders.to", "collisions"]),
]


@pytest.mark.parametrize(("text", "said"), [bad[1:] for bad in BAD_FILES], ids=[bad[0] for bad in BAD_FILES])
@pytest.mark.parametrize("asked", [("run",), ("check", "--offline")], ids=["run", "check"])
def test_a_bad_file_is_refused_in_the_operators_words(
    bench: Bench, asked: tuple[str, ...], text: str, said: list[str]
) -> None:
    file = bench.folder / "bad.toml"
    file.write_text(text)
    _refused(bench.binary, bench.folder, {}, said, *asked, "--config", str(file))


def test_output_that_nobody_reads_on_is_no_failure(bench: Bench) -> None:
    nobody, out = os.pipe()
    os.close(nobody)
    with os.fdopen(out, "wb") as closed:
        done = subprocess.run(
            [bench.binary, "config", "schema"], stdout=closed, stderr=subprocess.PIPE, cwd=bench.folder, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


BAD_COMMANDS: list[tuple[str, list[str], dict[str, str], list[str]]] = [
    ("nothing configured", ["run"], {}, ["queue"]),
    ("a file that is not there", ["run", "--config", "nowhere.toml"], {}, ["nowhere.toml"]),
    ("a switch nobody knows", ["run", "--configuration", "x"], {}, ["--config"]),
    ("a command nobody knows", ["rum"], {}, ["run"]),
    (
        "a variable nobody knows",
        ["run"],
        {
            "BRIGADE_QUEUE__EVENTS__URL": "http://127.0.0.1:1/0/events",
            "BRIGADE_ROUTE__ORDERS__FORM": "s3://raw/",
            "BRIGADE_ROUTE__ORDERS__TO": "s3://lake/{path}",
        },
        ["BRIGADE_ROUTE__ORDERS__FORM"],
    ),
    (
        "a variable with an underscore too few",
        ["run"],
        {"BRIGADE_ROUTE_ORDERS_FROM": "s3://raw/"},
        ["BRIGADE_ROUTE_ORDERS_FROM", "BRIGADE_ROUTE__ORDERS__FROM"],
    ),
    (
        "a variable that ends in a line break",
        ["run"],
        {"BRIGADE_AWS__REGION": "eu-west-1\n"},
        ["eu-west-1\\n", "line break"],
    ),
]


@pytest.mark.parametrize(
    ("arguments", "env", "said"), [bad[1:] for bad in BAD_COMMANDS], ids=[bad[0] for bad in BAD_COMMANDS]
)
def test_a_bad_command_is_refused_in_the_operators_words(
    bench: Bench, arguments: list[str], env: dict[str, str], said: list[str]
) -> None:
    _refused(bench.binary, bench.folder, env, said, *arguments)


def _refused(binary: Path, folder: Path, env: dict[str, str], said: list[str], *arguments: str) -> None:
    ended = command(binary, *arguments, env=isolated() | env, cwd=folder)
    told = ended.stdout + ended.stderr
    assert ended.returncode == REFUSED, told
    assert [word for word in said if word not in told] == [], told
    assert "panicked" not in told


def test_a_wrong_queue_url_ends_the_start_and_names_the_key(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    upload(of, small(1))
    written = settings(of)
    written["queue"]["events"]["url"] = of.queue_url + "-of-somebody-else"
    daemon = bench.daemon(written, ministack.env())
    assert daemon.process.wait(DRAIN_SECONDS) in (1, REFUSED)
    told = daemon.process.output()
    assert "queue.events" in told and "-of-somebody-else" in told, told
