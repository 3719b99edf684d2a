"""Arrivals kept in a queue: three processes crawl once, and a crash loses no crawl."""

from datetime import datetime
from typing import Any

from conftest import Bench
from emulator import AWAY, wait
from emulator.objects import small, upload
from emulator.provision import Pipeline, arrivals, catalog
from emulator.queues import depth
from emulator.settings import Settings, settings
from emulator.stands import Emulator


def _kept(bench: Bench, emulator: Emulator) -> tuple[Pipeline, Settings, str]:
    of = bench.pipeline(emulator)
    catalog(of, bench.name)
    url = arrivals(of, bench.name)
    written = settings(of, workers=4)
    return of, written, url


def _last(of: Pipeline) -> datetime | None:
    assert of.catalog is not None
    crawler: dict[str, Any] = of.emulator.client("glue", AWAY).get_crawler(Name=of.catalog.crawler)["Crawler"]
    started: datetime | None = crawler.get("LastCrawl", {}).get("StartTime")
    return started


def test_three_processes_crawl_a_burst_once_and_a_start_crawls_nothing(
    bench: Bench, ministack: Emulator
) -> None:
    of, written, url = _kept(bench, ministack)
    # Longer than the copies may pause while the machine is busy.
    written["crawler"]["orders"] |= {"debounce": "8s", "at_most_every": "1h"}
    upload(of, small(600))
    daemons = [bench.daemon(written, ministack.env()).wait_ready() for _ in range(3)]
    wait.until("all settled", lambda: sum(daemon.settled("done") for daemon in daemons) == 600, 60)
    wait.until("all crawled", lambda: depth(of.sqs, url).empty, 60)
    first = _last(of)
    assert first is not None
    wait.holds("no second crawl", lambda: _last(of) == first, 12)
    asked = [
        daemon.metrics().by("brigade_aws_calls_total", "status", service="glue", operation="StartCrawler")
        for daemon in daemons
    ]
    granted = sum(count for by in asked for status, count in by.items() if status in ("ok", "200"))
    assert granted == 1, asked
    assert [daemon.drain() for daemon in daemons] == [0, 0, 0]


def test_a_process_that_is_killed_before_its_crawl_leaves_it_to_another(
    bench: Bench, ministack: Emulator
) -> None:
    of, written, url = _kept(bench, ministack)
    written["crawler"]["orders"] |= {"debounce": "1h", "at_most_every": "1h"}
    killed = bench.daemon(written, ministack.env()).wait_ready()
    upload(of, small(20))
    killed.wait_settled("done", 20)
    killed.kill()
    assert _last(of) is None
    assert not depth(of.sqs, url).empty, "what arrived is kept"
    written["crawler"]["orders"] |= {"debounce": "1s", "at_most_every": "1s"}
    bench.daemon(written, ministack.env()).wait_ready()
    # What the dead process held comes back when its visibility ends: within a minute.
    wait.until("a crawl", lambda: _last(of) is not None, 120)
    wait.until("all forgotten", lambda: depth(of.sqs, url).empty, 60)
