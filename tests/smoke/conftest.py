"""One account and its ground for all questions, an answer for each, and the table at the end."""

import inspect
import os
import re
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest
from asking import ground as grounds
from asking.account import Account, Unusable
from asking.answers import Asked, table
from asking.belongings import Belongings, new_run
from asking.ground import Ground
from botocore.exceptions import BotoCoreError, ClientError
from emulator import ROOT

_ASKED = pytest.StashKey[list[Asked]]()
_LEFT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Nobody gets here by accident, and whoever ends us lets us clean up."""
    if os.environ.get("AWS_SMOKE") != "yes":
        raise pytest.UsageError("this makes things in an AWS account: use tests/smoke/run.py")

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt("told to stop")

    signal.signal(signal.SIGTERM, end)
    config.stash[_ASKED] = []


@pytest.fixture(scope="session")
def account() -> Account:
    """Whoever the SDK's chain says we are."""
    try:
        return Account()
    except Unusable as why:
        pytest.exit(str(why), returncode=1)


@pytest.fixture(scope="session")
def ground(account: Account, pytestconfig: pytest.Config) -> Iterator[Ground]:
    """Made before the first question, removed after the last, whatever happens in between."""
    own = Belongings(account, new_run())
    where = account.endpoint or f"account {account.whose()}"
    # Past pytest's capture: whoever must clean up by hand needs the run's name.
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nrun {own.run} on {where}, {account.home} and {account.away}: {own.name('…')}", flush=True)
    try:
        yield _made(account, own)
    finally:
        left = own.remove()
        pytestconfig.stash[_LEFT] = left
    assert not left, "could not be removed:\n" + "\n".join(left)


def _made(account: Account, own: Belongings) -> Ground:
    try:
        return grounds.make(account, own)
    except (ClientError, BotoCoreError, AssertionError) as why:
        pytest.exit(f"the ground could not be made: {why}", returncode=1)


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> Asked:
    """The question a test is named after; its docstring is the question in words."""
    named = re.match(r"test_q(\d+)_", request.node.name)
    assert named, f"{request.node.name} is named after no question"
    words = " ".join((inspect.getdoc(request.function) or "").split())
    one = Asked(int(named[1]), words)
    request.config.stash[_ASKED].append(one)
    return one


@pytest.fixture(scope="session")
def binary() -> Path:
    """The daemon under test, as it is shipped."""
    path = Path(os.environ.get("BRIGADE_BIN", ROOT / "target" / "release" / "brigade"))
    assert os.access(path, os.X_OK), f"{path} is no executable: run make build first, or set BRIGADE_BIN"
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the end of the daemon's log under a failed run."""
    report = yield
    daemon = getattr(item, "daemon", None)
    if report.failed and daemon is not None:
        report.sections.append(("log of the daemon", daemon.process.tail()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, and what could not be removed."""
    asked = config.stash[_ASKED]
    terminalreporter.section("what AWS said (questions of docs/internals/verified.md)")
    for line in table(asked):
        terminalreporter.write_line(line)
    counts = {verdict: sum(one.verdict == verdict for one in asked) for verdict in ("agrees", "differs")}
    others = len(asked) - sum(counts.values())
    terminalreporter.write_line(
        f"{counts['agrees']} agree, {counts['differs']} differ, {others} without an answer"
    )
    for thing in config.stash.get(_LEFT, []):
        terminalreporter.write_line(f"still there: {thing}", red=True)
