"""The crawler: once for a burst, and never lost when it is busy."""

from typing import Any

from conftest import Bench
from emulator import AWAY, wait
from emulator.daemon import Daemon
from emulator.objects import small, upload
from emulator.provision import Pipeline, catalog
from emulator.settings import settings
from emulator.stands import Emulator

QUIET_SECONDS = 2


def _state(of: Pipeline) -> dict[str, Any]:
    assert of.catalog is not None
    crawler: dict[str, Any] = of.emulator.client("glue", AWAY).get_crawler(Name=of.catalog.crawler)["Crawler"]
    return crawler


def _runs(daemon: Daemon) -> float:
    """Crawls the daemon has started: refused starts are not counted."""
    asked = daemon.metrics().by("brigade_aws_calls_total", "status", service="glue", operation="StartCrawler")
    return sum(count for status, count in asked.items() if status in ("ok", "200"))


def test_a_burst_is_one_crawl_and_an_arrival_during_it_is_exactly_one_more(
    bench: Bench, ministack: Emulator
) -> None:
    of = bench.pipeline(ministack)
    catalog(of, bench.name)
    written = settings(of)
    written["crawler"]["orders"] |= {"debounce": f"{QUIET_SECONDS}s", "at_most_every": f"{QUIET_SECONDS}s"}
    # Before the start, so that the burst and the crawl a start always asks for are one.
    upload(of, small(200))
    daemon = bench.daemon(written, ministack.env()).wait_ready()
    daemon.wait_settled("done", 200)

    wait.until("a crawl", lambda: _state(of)["State"] == "RUNNING")
    upload(of, small(10, "during"))
    wait.until("the crawl over", lambda: _state(of)["State"] == "READY")
    first = _state(of)["LastCrawl"]["StartTime"]

    wait.until("one more crawl", lambda: _state(of)["State"] == "RUNNING")
    wait.until("that one over", lambda: _state(of)["State"] == "READY")
    second = _state(of)["LastCrawl"]["StartTime"]
    assert second > first
    wait.holds("no third crawl", lambda: _state(of)["LastCrawl"]["StartTime"] == second, 3 * QUIET_SECONDS)
    assert _runs(daemon) == 2
