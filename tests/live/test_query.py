"""Athena: rows in every format, an interrupted query, and what a daemon asserts after a crawl.

ministack really runs SQL, with DuckDB, on what lies in its S3.
"""

import csv
import io
import json
import signal
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from conftest import Bench
from emulator import AWAY, wait
from emulator.daemon import command
from emulator.process import Process
from emulator.provision import Catalog, Pipeline, catalog, csv_table
from emulator.settings import Settings, as_toml, settings
from emulator.stands import Emulator

COLUMNS = [("id", "bigint"), ("name", "string"), ("paid", "boolean")]
CSV = b'id,name,paid\n9007199254740993,Ada,true\n2,"a, ""b""",false\n3,,true\n'
TYPED = (
    "SELECT id, name, paid, CAST(id AS decimal(38,2)) AS sum, CAST(NULL AS varchar) AS none "
    "FROM customers ORDER BY id"
)


@pytest.fixture
def lake(bench: Bench, ministack: Emulator) -> Pipeline:
    """A table over what the daemon copies, with one object in it."""
    of = bench.pipeline(ministack)
    catalog(of, bench.name)
    csv_table(of, "", COLUMNS)
    of.s3_away.put_object(Bucket=of.target, Key=of.target_prefix + "customers.csv", Body=CSV)
    return of


def _catalog(of: Pipeline) -> Catalog:
    assert of.catalog is not None
    return of.catalog


def _query(bench: Bench, of: Pipeline, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = ["query", *arguments, "--database", _catalog(of).database, "--region", AWAY]
    return command(bench.binary, *line, env=of.emulator.env(), cwd=bench.folder)


def test_json_has_types_and_all_digits(bench: Bench, lake: Pipeline) -> None:
    done = _query(bench, lake, TYPED, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout, parse_float=Decimal)
    assert told["columns"] == ["id", "name", "paid", "sum", "none"]
    assert told["types"][:3] == ["bigint", "varchar", "boolean"]
    big, one = 9007199254740993, Decimal("9007199254740993.00")
    assert told["rows"] == [
        [2, 'a, "b"', False, Decimal("2.00"), None],
        [3, told["rows"][1][1], True, Decimal("3.00"), None],
        [big, "Ada", True, one, None],
    ]
    assert "scanned" in done.stderr


def test_csv_is_read_by_any_reader(bench: Bench, lake: Pipeline) -> None:
    done = _query(bench, lake, TYPED, "--csv")
    assert done.returncode == 0, done.stderr
    read = list(csv.reader(io.StringIO(done.stdout, newline="")))
    assert read[0] == ["id", "name", "paid", "sum", "none"]
    assert read[1] == ["2", 'a, "b"', "false", "2.00", ""]
    assert len(read) == 4


def test_a_table_is_drawn_and_its_rows_are_counted(bench: Bench, lake: Pipeline) -> None:
    done = _query(bench, lake, TYPED)
    assert done.returncode == 0, done.stderr
    assert "│ 9007199254740993 ┆" in done.stdout and done.stdout.endswith("3 rows\n"), done.stdout
    assert "NULL" in done.stdout


def test_more_than_a_page_is_read(bench: Bench, lake: Pipeline) -> None:
    done = _query(bench, lake, "SELECT n FROM (SELECT unnest(range(2500)) AS n) ORDER BY n", "--json")
    assert done.returncode == 0, done.stderr
    assert [row[0] for row in json.loads(done.stdout)["rows"]] == list(range(2500))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["SELECT * FROM nowhere"], 1, "the query failed: "),
        (["SELECT 1", "--account", "china"], 64, "there is no [account.china]"),
        (["SELECT 1", "--json", "--csv"], 64, "--csv"),
    ],
)
def test_what_cannot_be_asked_is_told(
    bench: Bench, lake: Pipeline, arguments: list[str], code: int, said: str
) -> None:
    done = _query(bench, lake, *arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr


def test_ctrl_c_cancels_the_query_at_athena(bench: Bench, lake: Pipeline) -> None:
    # DuckDB counts for some seconds.
    sql = "SELECT count(*) FROM range(30000) a, range(30000) b WHERE (a.range + b.range) % 7 = 3"
    line = [bench.binary, "query", sql, "--database", _catalog(lake).database, "--region", AWAY]
    running = Process(line, lake.emulator.env(), bench.folder / "query.log", cwd=bench.folder)
    athena = lake.emulator.client("athena", AWAY)

    def states() -> list[str]:
        ids = athena.list_query_executions(WorkGroup="primary")["QueryExecutionIds"]
        found = (athena.get_query_execution(QueryExecutionId=each)["QueryExecution"] for each in ids)
        return [one["Status"]["State"] for one in found if one["Query"] == sql]

    wait.until("the query at work", lambda: states() == ["RUNNING"])
    running.signal(signal.SIGINT)
    assert running.wait(20) == 130
    assert states() == ["CANCELLED"]
    assert "is cancelled" in running.output()


def _asserting(of: Pipeline, sql: str) -> Settings:
    written = settings(of)
    written["crawler"]["orders"] |= {"debounce": "1s", "at_most_every": "1s"}
    written["crawler"]["orders"] |= {"assert_sql": sql, "assert_database": _catalog(of).database}
    return written


@pytest.mark.parametrize(
    ("sql", "result", "value"),
    [
        ("SELECT count(*) > 0 FROM customers", "passed", "true"),
        ("SELECT count(*) > 3 FROM customers", "failed", "false"),
        ("SELECT paid FROM customers", "failed", "more than one row"),
        ("SELECT true FROM nowhere", "error", None),
    ],
)
def test_a_daemon_asserts_after_its_crawl(
    bench: Bench, lake: Pipeline, sql: str, result: str, value: str | None
) -> None:
    daemon = bench.daemon(_asserting(lake, sql), lake.emulator.env()).wait_ready()

    def assertion() -> dict[str, Any]:
        told: dict[str, Any] = daemon.status()["assertions"]["orders"]
        return told

    wait.until("an assertion", lambda: assertion()["last_result"] is not None)
    told = assertion()
    assert (told["last_result"], told["last_value"]) == (result, value)
    counted = daemon.metrics().by("brigade_assertions_total", "result", crawler="orders")
    assert counted[result] == 1
    assert daemon.status()["crawlers"]["orders"]["last_result"] == "succeeded"


def test_check_rehearses_an_assertion(bench: Bench, lake: Pipeline) -> None:
    for sql, code, said in [
        ("SELECT count(*) > 0 FROM customers", 0, "ok    crawler.orders.assert_sql"),
        ("SELECT nothing FROM customers", 1, "FAIL  crawler.orders.assert_sql"),
    ]:
        file = bench.folder / "check.toml"
        file.write_text(as_toml(_asserting(lake, sql)))
        done = command(
            bench.binary, "check", "--config", file, env=lake.emulator.env(), cwd=bench.folder
        )
        assert said in done.stdout, done.stdout
        assert done.returncode == code, done.stderr


def test_an_interrupted_wait_leaves_the_crawl_running(bench: Bench, lake: Pipeline) -> None:
    file = bench.folder / "crawl.toml"
    file.write_text(as_toml(settings(lake)))
    line = [bench.binary, "crawl", "orders", "--wait", "--config", file]
    running = Process(line, lake.emulator.env(), bench.folder / "crawl.log", cwd=bench.folder)
    glue = lake.emulator.client("glue", AWAY)
    crawler = _catalog(lake).crawler
    wait.until("a crawl", lambda: glue.get_crawler(Name=crawler)["Crawler"]["State"] == "RUNNING")
    running.signal(signal.SIGINT)
    assert running.wait(20) == 130
    assert "goes on" in running.output()
    assert glue.get_crawler(Name=crawler)["Crawler"]["State"] == "RUNNING"
    missing = command(
        bench.binary, "crawl", "nobody", "--config", file, env=lake.emulator.env(), cwd=bench.folder
    )
    assert missing.returncode == 64 and "it has orders" in missing.stderr
