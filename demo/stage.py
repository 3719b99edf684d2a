"""What both commands stand on: the daemon built, an AWS emulator, a pipeline and a daemon on it."""

from contextlib import ExitStack
from pathlib import Path

from load import COLUMNS, TABLE_FOLDER
from screen import Screen
from emulator import AWAY, HOME, ROOT, build, provision, stands
from emulator.daemon import Daemon
from emulator.provision import Pipeline
from emulator.settings import Settings, settings
from emulator.stands import Emulator


class Stage:
    """Builds everything up, and takes it down in reverse, whatever happens in between."""

    def __init__(self, name: str, screen: Screen) -> None:
        self._screen = screen
        self._end = ExitStack()
        self.folder = ROOT / ".dev" / name
        self.binary: Path
        self.emulator: Emulator
        self.pipeline: Pipeline
        self.daemon: Daemon

    def __enter__(self) -> "Stage":
        try:
            self._build()
            self._stand_in()
            self._provision()
            self._daemon()
        except BaseException:
            self._end.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()

    def shown(self, path: Path) -> str:
        """A path as short as it can be read from the project's folder."""
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)

    def _build(self) -> None:
        self._screen.step("Build brigade, unoptimised (three minutes on two cores the first time)")
        self.binary = build.build()
        self._screen.say(f"built {self.shown(self.binary)}")

    def _stand_in(self) -> None:
        self._screen.step("Start an AWS emulator on this machine")
        started = stands.start(stands.MINISTACK, self.folder, self._screen.say)
        self.emulator = self._end.enter_context(started)
        log = self.shown(self.emulator.process.log)
        self._screen.say(f"ministack answers at {self.emulator.endpoint}; its log: {log}")

    def _provision(self) -> None:
        self._screen.step("Make what an operator has: buckets, queue, notification, catalogue")
        self.pipeline = provision.pipeline(self.emulator, "demo", wiring="sns")
        catalog = provision.catalog(self.pipeline, "demo")
        provision.arrivals(self.pipeline, "demo")
        provision.csv_table(self.pipeline, TABLE_FOLDER, COLUMNS)
        self._screen.say(
            f"s3://{self.pipeline.source} ({HOME}) → SNS → SQS, with a dead-letter queue\n"
            f"s3://{self.pipeline.target} ({AWAY}), Glue database {catalog.database} and {catalog.crawler}\n"
            "a queue that keeps arrivals until they are crawled"
        )

    def _daemon(self) -> None:
        self._screen.step("Start the daemon, as you would: brigade run --config " + self._config_path())
        self.daemon = Daemon(self.binary, self.folder, _settings(self.pipeline), self.emulator.env())
        self._end.enter_context(self.daemon)
        self._screen.say(self.daemon.config.read_text().rstrip())
        self.daemon.wait_ready()
        self._screen.say(f"\nready; its log: {self.shown(self.daemon.process.log)}")

    def _config_path(self) -> str:
        return self.shown(self.folder / "brigade.toml")


def _settings(of: Pipeline) -> Settings:
    written = settings(of)
    written["environment"] = "demo"
    # So that the demo need not wait for the half minute and the ten minutes of the defaults.
    written["crawler"]["orders"] |= {"debounce": "2s", "at_most_every": "5s"}
    return written
