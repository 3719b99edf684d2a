"""An object's whole way, on every AWS emulator and through every wiring of its event."""

import pytest
from conftest import Bench
from emulator import wait
from emulator.daemon import Daemon
from emulator.objects import Thing, body_of, differences, small, upload
from emulator.provision import WIRINGS, Pipeline, Wiring
from emulator.queues import depth, read_all
from emulator.settings import settings
from emulator.stands import Emulator

MIB = 1024 * 1024

THINGS = [
    *small(20),
    Thing("metadata.csv", b"a,b\n1,2\n", {"owner": "billing", "x-y": "z"}, "text/csv"),
    Thing("empty", b""),
    Thing("large.bin", body_of("large", MIB)),
]

WAYS = [(emulator, wiring) for emulator in ("ministack", "localstack") for wiring in WIRINGS]
WAYS += [("moto", "sqs")]


def proven(of: Pipeline, things: list[Thing], daemon: Daemon) -> None:
    """Waits until every message is settled, then compares all copies and looks for strays."""
    daemon.wait_settled("done", len(things), 60)
    assert differences(of, things) == []
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert read_all(of.sqs, of.dead_letter_url) == []


@pytest.mark.parametrize(("emulator", "wiring"), WAYS, indirect=["emulator"])
def test_objects_arrive_equal_in_the_other_region(bench: Bench, emulator: Emulator, wiring: Wiring) -> None:
    of = bench.pipeline(emulator, wiring)
    daemon = bench.daemon(settings(of), emulator.env()).wait_ready()
    upload(of, THINGS)
    proven(of, THINGS, daemon)
    assert daemon.drain() == 0
    # No AWS emulator is trusted with conditions unless the operator says so, and nobody is left in the dark.
    assert daemon.process.log.read_text().count("conditional_writes are off") == 1


def _long(letter: str) -> str:
    """A path that makes the longest key S3 allows: 1,024 bytes, prefix included."""
    room = 1024 - len("incoming/")
    return letter * (room // len(letter.encode())) + "x" * (room % len(letter.encode()))


ODD = [
    "with spaces/and  two.txt",
    "plus+sign+.txt",
    "percent%/already%20encoded%2B.txt",
    "unicode/Zoë/東京/ключ/🪣.txt",
    "decomposed/Zoe\u0308.txt",
    "reserved/!'()*~;:@&=,$?#[].txt",
    "dots/../not-a-parent/./here",
    "slashes//double///triple",
    " leading and trailing ",
    'quotes"and`ticks<>{}|\\^.txt',
    _long("k"),
    _long("é"),
]


@pytest.mark.parametrize(
    ("emulator", "wiring"),
    [("ministack", "sqs"), ("ministack", "eventbridge"), ("localstack", "sqs")],
    indirect=["emulator"],
)
def test_no_key_is_too_odd(bench: Bench, emulator: Emulator, wiring: Wiring) -> None:
    of = bench.pipeline(emulator, wiring)
    # Source and destination keys are equally long, so both reach the limit.
    of.target_prefix = of.prefix
    things = [Thing(path, f"body of {path}".encode()) for path in ODD]
    daemon = bench.daemon(settings(of), emulator.env()).wait_ready()
    upload(of, things)
    proven(of, things, daemon)


def test_the_way_through_the_daemon_is_as_good_as_the_way_inside_s3(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    written = settings(of)
    written["route"]["orders"]["transfer"] = "stream"
    daemon = bench.daemon(written, ministack.env()).wait_ready()
    upload(of, THINGS)
    proven(of, THINGS, daemon)
    assert daemon.metrics().total("brigade_copies_total", transfer="stream") == len(THINGS)


@pytest.mark.parametrize("emulator", ["ministack", "localstack"], indirect=True)
def test_three_variables_deploy_a_pipeline(bench: Bench, emulator: Emulator) -> None:
    of = bench.pipeline(emulator)
    of.target_prefix = "orders/"
    env = emulator.env() | {
        "BRIGADE_QUEUE__EVENTS__URL": of.queue_url,
        "BRIGADE_ROUTE__ORDERS__FROM": f"s3://{of.source}/{of.prefix}",
        "BRIGADE_ROUTE__ORDERS__TO": f"s3://{of.target}/orders/{{path}}",
        # What Kubernetes puts into every pod beside a service named brigade.
        "BRIGADE_PORT": "tcp://10.0.0.1:9900",
        "BRIGADE_SERVICE_HOST": "10.0.0.1",
        "BRIGADE_PORT_9900_TCP_ADDR": "10.0.0.1",
    }
    daemon = bench.daemon(None, env).wait_ready()
    upload(of, THINGS)
    proven(of, THINGS, daemon)
    assert daemon.drain() == 0


def test_three_daemons_share_a_queue_without_working_anything_twice(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    daemons = [bench.daemon(settings(of, workers=4), ministack.env()) for _ in range(3)]
    for daemon in daemons:
        daemon.wait_ready()
    things = small(600)
    upload(of, things)
    wait.until(
        "all messages settled", lambda: sum(daemon.settled("done") for daemon in daemons) >= len(things), 60
    )
    assert differences(of, things) == []
    shares = [daemon.settled("done") for daemon in daemons]
    assert all(share > 0 for share in shares), f"one of them had nothing to do: {shares}"
    assert sum(shares) == len(things), f"something was worked twice: {shares}"
    assert [daemon.drain() for daemon in daemons] == [0, 0, 0]
