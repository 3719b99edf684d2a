"""What follows an arrival, before its message ends: a partition, and a word to whoever waits."""

import json

from conftest import Bench
from emulator import AWAY, HOME, wait
from emulator.daemon import command
from emulator.objects import Thing, upload
from emulator.provision import Pipeline, catalog
from emulator.queues import read_all
from emulator.settings import as_toml, settings
from emulator.stands import Emulator

DAYS = [f"2026-11-{day:02}" for day in range(1, 13)]
THINGS = [Thing(f"dt={day}/part-{part}.json", b"{}") for day in DAYS for part in range(3)]


def test_a_topic_is_told_of_each_arrival_once(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    sns, sqs = ministack.client("sns", HOME), of.sqs
    topic = sns.create_topic(Name=f"{bench.name}-arrivals")["TopicArn"]
    listener = sqs.create_queue(QueueName=f"{bench.name}-listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=listener, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    written = settings(of)
    written["route"]["orders"]["notify"] = topic

    daemon = bench.daemon(written, ministack.env()).wait_ready()
    upload(of, THINGS)
    daemon.wait_settled("done", len(THINGS))
    told = [json.loads(message.body) for message in read_all(sqs, listener)]
    assert sorted(said["source"]["key"] for said in told) == sorted(of.prefix + thing.path for thing in THINGS)
    assert len({said["id"] for said in told}) == len(THINGS)
    assert {said["version"] for said in told} == {1}
    assert {said["destination"]["bucket"] for said in told} == {of.target}
    assert daemon.drain() == 0


def test_check_looks_at_who_is_told(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    there = ministack.client("sns", HOME).create_topic(Name=f"{bench.name}-there")["TopicArn"]
    for topic, code, said in [(there, 0, "ok  "), (f"{there}-not", 1, "FAIL")]:
        written = settings(of)
        written["route"]["orders"]["notify"] = topic
        file = bench.folder / "check.toml"
        file.write_text(as_toml(written))
        done = command(bench.binary, "check", "--config", file, env=ministack.env(), cwd=bench.folder)
        assert f"{said}  route.orders.notify {topic}" in done.stdout, done.stdout
        assert done.returncode == code, done.stderr


def _partitions(of: Pipeline) -> dict[str, str]:
    assert of.catalog is not None
    glue = of.emulator.client("glue", AWAY)
    listed = glue.get_partitions(DatabaseName=of.catalog.database, TableName=of.catalog.table)
    return {part["Values"][0]: part["StorageDescriptor"]["Location"] for part in listed["Partitions"]}


def test_a_table_has_the_partitions_of_what_arrived(bench: Bench, ministack: Emulator) -> None:
    of = bench.pipeline(ministack)
    catalog(of, bench.name)
    assert of.catalog is not None
    glue = ministack.client("glue", AWAY)
    table = f"{of.catalog.table}_days"
    keys = [{"Name": "dt", "Type": "string"}]
    place = {"Columns": [{"Name": "id", "Type": "int"}], "Location": f"s3://{of.target}/{of.target_prefix}"}
    described = {"Name": table, "StorageDescriptor": place, "PartitionKeys": keys}
    glue.create_table(DatabaseName=of.catalog.database, TableInput=described)
    of.catalog.table = table
    written = settings(of)
    del written["route"]["orders"]["crawlers"], written["crawler"]
    written["route"]["orders"]["tables"] = ["days"]
    written["table"] = {"days": {"database": of.catalog.database, "name": table, "region": AWAY}}

    daemon = bench.daemon(written, ministack.env()).wait_ready()
    upload(of, THINGS)
    daemon.wait_settled("done", len(THINGS))
    wait.until("all partitions", lambda: len(_partitions(of)) == len(DAYS), 10)
    where = f"s3://{of.target}/{of.target_prefix}"
    assert _partitions(of) == {day: f"{where}dt={day}/" for day in DAYS}
    assert daemon.drain() == 0
