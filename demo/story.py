"""The demo itself: upload, copy, prove, crawl, query, dead-letter, drain."""

import time
from datetime import UTC, datetime

import load
from figures import summary
from screen import Progress, Screen
from stage import Stage
from emulator import AWAY, objects, wait
from emulator.daemon import command
from emulator.objects import Thing
from emulator.queues import depth, read_all

BAD_MESSAGE = 'this was never JSON {"Records": ['

QUERY = (
    "SELECT country, count(*) AS customers, round(sum(monthly_eur), 2) AS monthly_eur "
    "FROM customers GROUP BY country ORDER BY monthly_eur DESC"
)

_COPY_SECONDS = 120
_CRAWL_SECONDS = 60


def tell(stage: Stage, screen: Screen) -> None:
    """Plays all parts on a stage that is set."""
    things = load.everything()
    screen.step(f"Upload {len(things)} objects and send one bad message")
    began = time.monotonic()
    uploaded = _upload(stage, screen, things)
    screen.step("Wait until each stands in the other region")
    seconds = _wait_for_copies(stage, screen, things, began)
    _prove(stage, screen, things)
    screen.step("Wait for the crawler, then ask Athena")
    _wait_for_crawl(stage, screen, uploaded)
    _query(stage, screen)
    screen.step("What was dead-lettered, and why")
    _dead_lettered(stage, screen)
    screen.step("In numbers")
    screen.say(summary(stage.daemon.metrics(), things, seconds))
    screen.step("Stop the daemon with SIGTERM")
    _stop(stage, screen)


def _upload(stage: Stage, screen: Screen, things: list[Thing]) -> datetime:
    with Progress() as progress:
        objects.upload(stage.pipeline, things, lambda n: progress.show(f"uploaded {n} of {len(things)}"))
    stage.pipeline.sqs.send_message(QueueUrl=stage.pipeline.queue_url, MessageBody=BAD_MESSAGE)
    screen.say(
        "keys with spaces, +, %, unicode and many levels, an empty object, objects of 1 MiB;\n"
        f"the bad message: {BAD_MESSAGE}"
    )
    return datetime.now(UTC)


def _wait_for_copies(stage: Stage, screen: Screen, things: list[Thing], began: float) -> float:
    def look() -> bool:
        done = stage.daemon.settled("done")
        dead_lettered = stage.daemon.settled("dead_lettered")
        progress.show(
            f"copied {done:.0f} of {len(things)}, dead-lettered {dead_lettered:.0f}, {time.monotonic() - began:.1f} s"
        )
        return done >= len(things) and dead_lettered >= 1

    with Progress() as progress:
        wait.until("every message settled", look, _COPY_SECONDS)
    seconds = time.monotonic() - began
    queue = depth(stage.pipeline.sqs, stage.pipeline.queue_url)
    screen.check("the queue is empty", queue.empty, repr(queue))
    return seconds


def _prove(stage: Stage, screen: Screen, things: list[Thing]) -> None:
    with Progress() as progress:
        found = objects.differences(
            stage.pipeline, things, lambda n: progress.show(f"compared {n} of {len(things)}")
        )
    screen.check(
        f"{len(things)} copies equal their sources: bytes, user metadata, content type",
        not found,
        "; ".join(found[:5]),
    )


def _wait_for_crawl(stage: Stage, screen: Screen, uploaded: datetime) -> None:
    catalog = stage.pipeline.catalog
    assert catalog is not None, "the stage made one"
    glue = stage.emulator.client("glue", AWAY)

    def look() -> bool:
        crawler = glue.get_crawler(Name=catalog.crawler)["Crawler"]
        last = crawler.get("LastCrawl", {})
        progress.show(f"crawler {catalog.crawler}: {crawler['State'].lower()}")
        over = crawler["State"] == "READY" and last.get("Status") == "SUCCEEDED"
        return over and bool(last["StartTime"] >= uploaded)

    with Progress() as progress:
        wait.until("a crawl after the last arrival", look, _CRAWL_SECONDS)
    screen.check(f"{catalog.crawler} has run after the last object arrived", True)
    assert catalog.arrivals_url is not None, "the stage made one"
    url = catalog.arrivals_url
    wait.until("the arrivals forgotten", lambda: depth(stage.pipeline.sqs, url).empty, _CRAWL_SECONDS)
    screen.check("and only then were the arrivals taken out of their queue", True)
    screen.say("(The AWS emulator's crawler makes no table, a real one would: the demo made it beforehand.)")


def _query(stage: Stage, screen: Screen) -> None:
    catalog = stage.pipeline.catalog
    assert catalog is not None, "the stage made one"
    screen.say(f'\nbrigade query "{QUERY}" --database {catalog.database} --region {AWAY}\n')
    asked = command(
        stage.binary,
        *("query", QUERY, "--database", catalog.database, "--region", AWAY),
        *("--config", stage.daemon.config),
        env=stage.emulator.env(),
        cwd=stage.folder,
    )
    screen.say(asked.stdout.rstrip() or "(no rows)")
    missing = [row for row in load.customers_by_country() if not all(cell in asked.stdout for cell in row)]
    screen.check(
        "the query returned one row per country, with the number of its customers",
        asked.returncode == 0 and not missing,
        asked.stderr.strip() or f"missing: {missing}",
    )


def _dead_lettered(stage: Stage, screen: Screen) -> None:
    dead_lettered = read_all(stage.pipeline.sqs, stage.pipeline.dead_letter_url)
    for message in dead_lettered:
        screen.say(f"body: {message.body}")
        for name in sorted(message.attributes):
            screen.say(f"  {name:<20} {message.attributes[name]}")
    screen.check(
        "the bad message, and only it, is in the dead-letter queue with its reason",
        [message.body for message in dead_lettered] == [BAD_MESSAGE] and dead_lettered[0].reason and dead_lettered[0].error,
        f"{len(dead_lettered)} dead-lettered",
    )


def _stop(stage: Stage, screen: Screen) -> None:
    code = stage.daemon.drain()
    screen.check("it drained and ended with exit code 0", code == 0, f"exit code {code}")
    held = depth(stage.pipeline.sqs, stage.pipeline.queue_url)
    screen.check("no message was left behind, held or waiting", held.empty, repr(held))
    stage.emulator.stop()
    running = [p.pid for p in (stage.daemon.process, stage.emulator.process) if p.alive]
    screen.check("nothing is left running", not running, f"process groups {running}")
