"""`make aws-smoke` against an AWS emulator: it wants to be told so, and leaves nothing behind, however it ends."""

import ast
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulator import HOME, ROOT, wait
from emulator.environment import isolated
from emulator.process import Process
from emulator.stands import Emulator

SCRIPT = ROOT / "tests" / "smoke" / "run.py"


@pytest.fixture
def smoke(tmp_path: Path) -> Iterator[list[Process]]:
    """Runs that end with the test."""
    runs: list[Process] = []
    yield runs
    for run in runs:
        run.stop()


def started(smoke: list[Process], folder: Path, on: Emulator | None, *arguments: str) -> Process:
    env = isolated()
    if on is not None:
        env |= {"AWS_SMOKE": "yes", "AWS_ENDPOINT_URL": on.endpoint, "AWS_REGION": HOME}
    command: list[str | Path] = [sys.executable, SCRIPT, *arguments, f"--basetemp={folder / 'base'}"]
    smoke.append(Process(command, env, folder / "smoke.log", cwd=folder))
    return smoke[-1]


def made(on: Emulator) -> list[str]:
    """What there is of its buckets and queues."""
    buckets = [bucket["Name"] for bucket in on.client("s3").list_buckets()["Buckets"]]
    urls = on.client("sqs").list_queues().get("QueueUrls", [])
    return [name for name in buckets + urls if "brigade-smoke-" in name]


def test_each_question_of_the_documentation_is_asked_in_its_own_words() -> None:
    text = (ROOT / "docs" / "internals" / "verified.md").read_text()
    [last] = re.findall(r"Questions 1 to (\d+) are asked", text)
    written = {int(n): words for n, words in re.findall(r"^\*\*(\d+)\. (.+?)\*\*", text, re.M | re.S)}
    asked = {}
    for file in SCRIPT.parent.glob("test_*.py"):
        for one in ast.parse(file.read_text()).body:
            if isinstance(one, ast.FunctionDef) and (named := re.match(r"test_q(\d+)_", one.name)):
                asked[int(named[1])] = ast.get_docstring(one) or ""
    plain = {n: " ".join(words.replace("`", "").split()) for n, words in asked.items()}
    want = {n: " ".join(words.replace("`", "").split()) for n, words in written.items() if n <= int(last)}
    assert plain == want


def test_it_wants_to_be_told(smoke: list[Process], tmp_path: Path) -> None:
    run = started(smoke, tmp_path, None)
    assert run.wait(60) == 1
    said = run.output()
    assert [word for word in ("AWS_SMOKE=yes", "cents", "--clean RUN") if word not in said] == []


def test_it_asks_prints_its_table_and_removes_everything(
    smoke: list[Process], tmp_path: Path, ministack: Emulator
) -> None:
    run = started(smoke, tmp_path, ministack, "-k", "q01 or q07")
    # ministack ignores the condition of question 1, and agrees on 7.
    assert run.wait(180) == 1, run.tail()
    assert "1 agree, 1 differ, 0 without an answer" in run.output(), run.tail()
    assert made(ministack) == []


def test_told_to_stop_it_removes_everything(
    smoke: list[Process], tmp_path: Path, ministack: Emulator
) -> None:
    run = started(smoke, tmp_path, ministack)
    wait.until("something made", lambda: made(ministack), 180)
    run.signal(signal.SIGTERM)
    assert run.wait(60) != 0
    assert made(ministack) == [], run.tail()


def test_what_a_killed_run_left_can_be_removed(
    smoke: list[Process], tmp_path: Path, ministack: Emulator
) -> None:
    killed = started(smoke, tmp_path, ministack, "-k", "test_queues")
    wait.until("all of it made", lambda: any("-q25" in name for name in made(ministack)), 180)
    killed.kill()
    left = made(ministack)
    assert left, "it was done before it was killed: nothing was tested"
    name = left[0].partition("brigade-smoke-")[2][:8]
    env = isolated() | {"AWS_SMOKE": "yes", "AWS_ENDPOINT_URL": ministack.endpoint, "AWS_REGION": HOME}
    clean = Process([sys.executable, SCRIPT, "--clean", name], env, tmp_path / "clean.log", cwd=tmp_path)
    smoke.append(clean)
    assert clean.wait(60) == 0, clean.tail()
    assert made(ministack) == []
