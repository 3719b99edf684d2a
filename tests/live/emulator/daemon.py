"""The daemon as an operator meets it: a file, a command, an exit code and four addresses."""

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator import wait
from emulator.metrics import Metrics
from emulator.process import Process, free_port
from emulator.settings import Settings, as_toml

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

DRAIN_SECONDS = 40
"""Above the default `shutdown_timeout` (25 s): then the daemon, not we, missed its deadline."""


class EndedEarly(Exception):
    """The daemon is gone while something is expected of it: no use in waiting on."""


class Daemon:
    """A `brigade run`. Use as a context manager: whatever happens, nothing is left running."""

    def __init__(
        self,
        binary: Path,
        folder: Path,
        settings: Settings | None,
        env: Mapping[str, str],
        name: str = "brigade",
    ) -> None:
        """Starts it; without settings it has the environment alone."""
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        listen = f"127.0.0.1:{self.port}"
        command: list[str | Path] = [binary, "run"]
        if settings is None:
            env = dict(env) | {"BRIGADE_ADMIN__LISTEN": listen}
        else:
            self.config = folder / f"{name}.toml"
            self.config.write_text(as_toml(settings | {"admin": {"listen": listen}}))
            command += ["--config", self.config]
        # An empty folder: a config.toml lying about must not be found.
        self.process = Process(command, env, folder / f"{name}.log", cwd=folder)

    def get(self, path: str) -> tuple[int, str]:
        """Asks the admin server; status 0 when nothing answers."""
        try:
            with _DIRECT.open(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    @property
    def ready(self) -> bool:
        """Whether it says that AWS answers."""
        return self.get("/ready")[0] == 200

    def wait_ready(self, seconds: float = 30) -> "Daemon":
        """Waits for `/ready`; an early end is shown with its log."""
        wait.until("ready", lambda: self._runs() and self.ready, seconds)
        return self

    def wait_settled(self, outcome: str, count: float, seconds: float = 60, every: float = 0.05) -> None:
        """Waits until so many messages ended so."""

        def look() -> bool:
            ended = self.metrics().by("brigade_messages_settled_total", "outcome")
            assert self._runs() and ended.get(outcome, 0) >= count, f"{ended}"
            return True

        wait.until(f"{count:g} messages {outcome}", look, seconds, every)

    def metrics(self) -> Metrics:
        """A reading of `/metrics`; empty while the daemon does not answer."""
        return Metrics.parse(self.get("/metrics")[1])

    def status(self) -> dict[str, Any]:
        """A reading of `/status.json`; empty while the daemon does not answer."""
        said: dict[str, Any] = json.loads(self.get("/status.json")[1] or "{}")
        return said

    def settled(self, outcome: str) -> float:
        """How many messages ended so, in all queues."""
        return self.metrics().total("brigade_messages_settled_total", outcome=outcome)

    def paused(self, route: str) -> str:
        """Why a route is held, as `/status.json` says it; empty when it is not."""
        breaker = self.status().get("routes", {}).get(route, {})
        return str(breaker["reason"]) if breaker.get("state") == "paused" else ""

    def drain(self, seconds: float = DRAIN_SECONDS) -> int:
        """SIGTERM, as an orchestrator sends it; returns the exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: it gets no chance to do anything."""
        self.process.kill()

    def _runs(self) -> bool:
        if (code := self.process.exit_code) is not None:
            raise EndedEarly(f"brigade ended with exit code {code}\n{self.process.tail()}")
        return True

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()


def command(
    binary: Path, *arguments: str | Path, env: Mapping[str, str], cwd: Path, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Runs a short `brigade` command to its end."""
    return subprocess.run(
        [binary, *arguments],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
