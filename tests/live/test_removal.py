"""What is taken away: copies whose source is gone, and originals that have arrived."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from conftest import Bench
from emulator import HOME, wait
from emulator.objects import copied_keys, differences, small, upload
from emulator.queues import depth, read_all
from emulator.settings import settings
from emulator.stands import Emulator

THINGS = small(30)

ON_DELETE = {"ministack": "PreconditionFailed", "moto": "PreconditionFailed", "localstack": "NotImplemented"}
"""What each says to a DeleteObject whose If-Match does not hold."""


@pytest.mark.parametrize("emulator", ON_DELETE, indirect=True)
def test_what_the_stand_ins_make_of_if_match_on_a_delete(bench: Bench, emulator: Emulator) -> None:
    """S3 and ministack honour it, moto too; LocalStack 4.9 answers 501, as S3 once did."""
    of = bench.pipeline(emulator)
    upload(of, THINGS[:1])
    key = of.prefix + THINGS[0].path
    with pytest.raises(ClientError) as refused:
        of.s3.delete_object(Bucket=of.source, Key=key, IfMatch='"00000000000000000000000000000000"')
    assert refused.value.response["Error"]["Code"] == ON_DELETE[emulator.name]
    assert of.s3.head_object(Bucket=of.source, Key=key)["ContentLength"] == len(THINGS[0].body)


@pytest.mark.parametrize(
    ("emulator", "conditions"),
    [("ministack", "on"), ("localstack", "auto")],
    indirect=["emulator"],
)
def test_a_copy_goes_when_its_source_goes(bench: Bench, emulator: Emulator, conditions: str) -> None:
    """ministack honours If-Match on DeleteObject. LocalStack does not know it (501), so that
    nothing could be deleted there with `on`; `auto` does without at any endpoint that is not Amazon's."""
    of = bench.pipeline(emulator)
    written = settings(of)
    written["aws"]["conditional_writes"] = conditions
    written["route"]["orders"]["deletes"] = "follow"
    daemon = bench.daemon(written, emulator.env()).wait_ready()
    upload(of, THINGS)
    daemon.wait_settled("done", len(THINGS))
    gone, kept = THINGS[:10], THINGS[10:]
    for thing in gone:
        of.s3.delete_object(Bucket=of.source, Key=of.prefix + thing.path)
    daemon.wait_settled("done", len(THINGS) + len(gone))
    assert copied_keys(of) == {of.target_prefix + thing.path for thing in kept}
    assert differences(of, kept) == []
    assert daemon.metrics().total("brigade_deletes_total") == len(gone)
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert read_all(of.sqs, of.dead_letter_url) == []


def test_an_original_is_moved_once_it_has_arrived(bench: Bench, ministack: Emulator) -> None:
    """ministack honours conditions on PutObject and DeleteObject, but ignores those of CopyObject."""
    of = bench.pipeline(ministack)
    aside = replace(of, target=of.source, target_prefix="completed/", away_region=HOME)
    written = settings(of)
    written["aws"]["conditional_writes"] = "on"
    written["route"]["orders"] |= {"after_copy": "move", "move_to": "completed/{path}"}
    daemon = bench.daemon(written, ministack.env()).wait_ready()
    upload(of, THINGS)
    daemon.wait_settled("done", len(THINGS))
    assert differences(of, THINGS) == []
    assert differences(aside, THINGS) == []
    assert copied_keys(aside) == {aside.target_prefix + thing.path for thing in THINGS}, "no original is left"
    assert daemon.metrics().total("brigade_moves_total") == len(THINGS)
    wait.until("an empty queue", lambda: depth(of.sqs, of.queue_url).empty, 10)
    assert read_all(of.sqs, of.dead_letter_url) == []
