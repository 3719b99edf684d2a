"""What the tests lean on must itself hold: endings, readings, the written configuration."""

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

from emulator import wait
from emulator.leash import signal_group
from emulator.metrics import Metrics
from emulator.settings import as_toml

STARTER = """
import sys, time
from pathlib import Path
from emulator.process import Process
started = Process(["sleep", "600"], {"PATH": sys.argv[2]}, Path(sys.argv[1]) / "log", Path(sys.argv[1]))
print(started.pid, flush=True)
time.sleep(600)
"""


def test_what_was_started_ends_with_its_starter_even_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path), "/usr/bin:/bin"]
    here = Path(__file__).parent
    with subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        group = int(starter.stdout.readline())
        assert signal_group(group, 0), "it runs"
        starter.send_signal(signal.SIGKILL)
    wait.until("the end of what it started", lambda: not signal_group(group, 0), 10)


PAGE = """
# TYPE lag histogram
lag_bucket{route="a",le="0.1"} 50
lag_bucket{route="a",le="0.2"} 90
lag_bucket{route="a",le="+Inf"} 100
calls_total{operation="Get",status="200"} 3
calls_total{operation="Get",status="404"} 1
calls_total{operation="Put \\"x\\"",status="200"} 2 1234567
# EOF
"""


def test_a_metrics_page_is_read_as_prometheus_would() -> None:
    page = Metrics.parse(PAGE)
    for why, got, want in [
        ("all series", page.total("calls_total"), 6),
        ("one label", page.total("calls_total", status="200"), 5),
        ("never counted", page.total("calls_total", status="500"), 0),
        ("split", page.by("calls_total", "operation"), {"Get": 4, 'Put \\"x\\"': 2}),
        ("first bucket", page.quantile("lag", 0.25), 0.05),
        ("at a bound", page.quantile("lag", 0.5), 0.1),
        ("within a bucket", page.quantile("lag", 0.7), 0.15),
        ("beyond the last bound", page.quantile("lag", 0.99), 0.2),
        ("no such histogram", page.quantile("lead", 0.5), None),
    ]:
        if isinstance(got, float) and isinstance(want, float):
            assert abs(got - want) < 1e-9, why
        else:
            assert got == want, why


def test_a_written_configuration_reads_back() -> None:
    written = {
        "version": 1,
        "queue": {"events": {"url": "http://h/q", "max_pollers": 2}},
        "route": {"a": {"to": 's3://b/"{path}"', "suffix": [".csv", "\\ü"], "on": True}},
    }
    assert tomllib.loads(as_toml(written)) == written
    assert as_toml({"work": {}}).strip() == "", "a section without keys is not written"
