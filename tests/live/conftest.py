"""What the live tests share: one AWS emulator of each kind, and a bench for each test."""

import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from emulator import build, environment, stands
from emulator.daemon import Daemon
from emulator.provision import Pipeline, Wiring, pipeline
from emulator.settings import Settings
from emulator.stands import Product, Emulator

Starter = Callable[..., Emulator]


@pytest.fixture(scope="session")
def starter(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts AWS emulators on first use; all end with the session."""
    folder = tmp_path_factory.mktemp("AWS emulators")
    with ExitStack() as running:

        def start(product: Product, name: str = "", **switches: str) -> Emulator:
            made = stands.start(product, folder / (name or product.name), switches=switches)
            return running.enter_context(made)

        yield start


@pytest.fixture(scope="session")
def ministack(starter: Starter) -> Emulator:
    """The default AWS emulator."""
    return starter(stands.MINISTACK)


@pytest.fixture(scope="session")
def guarded(starter: Starter) -> Emulator:
    """A ministack that checks signatures and IAM policies; `test` may do everything."""
    return starter(stands.MINISTACK, "guarded", AUTH="true")


@pytest.fixture(scope="session")
def localstack(starter: Starter) -> Emulator:
    """What many people run in compose."""
    return starter(stands.LOCALSTACK)


@pytest.fixture(scope="session")
def moto(starter: Starter) -> Emulator:
    """For the plain flow."""
    return starter(stands.MOTO)


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Emulator:
    """The AWS emulator a test names as its parameter (`indirect`)."""
    named: Emulator = request.getfixturevalue(request.param)
    return named


class Bench:
    """What one test makes: a name nobody else has, pipelines, and daemons that end with it."""

    def __init__(self, binary: Path, folder: Path, end: ExitStack) -> None:
        self.binary = binary
        self.folder = folder
        self.name = f"live-{uuid.uuid4().hex[:8]}"
        self.daemons: list[Daemon] = []
        self._end = end

    def pipeline(
        self, on: Emulator, wiring: Wiring = "sqs", target: bool = True, **away: Any
    ) -> Pipeline:
        """Buckets, queues and notification of its own."""
        return pipeline(on, self.name, wiring, target, **away)

    def daemon(self, settings: Settings | None, env: Mapping[str, str]) -> Daemon:
        """Starts a daemon; it may be stopped by the test, and is by the end of it."""
        name = f"brigade-{len(self.daemons) + 1}"
        self.daemons.append(Daemon(self.binary, self.folder, settings, env, name))
        return self._end.enter_context(self.daemons[-1])


@pytest.fixture(scope="session")
def binary() -> Path:
    """The daemon under test; found before the variable that names it is taken from the environment."""
    found = build.binary()
    environment.scrub()
    return found


@pytest.fixture
def bench(binary: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The bench of one test."""
    with ExitStack() as end:
        made = Bench(binary, tmp_path, end)
        request.node.bench = made
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the end of the daemons' logs under a failed test."""
    report = yield
    if report.failed:
        for daemon in getattr(getattr(item, "bench", None), "daemons", []):
            report.sections.append((f"log of pid {daemon.process.pid}", daemon.process.tail()))
    return report
