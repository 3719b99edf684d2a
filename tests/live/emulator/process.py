"""One process of ours: a group of its own, output to a file, ended for certain."""

import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from emulator.leash import Leash, signal_group


class Process:
    """Runs a command in its own process group until it ends, is stopped, or we are gone."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str], log: Path, cwd: Path) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        Leash.shared().tie(self.pid)

    @property
    def pid(self) -> int:
        """Process id, and the id of its group."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._popen.poll()

    @property
    def alive(self) -> bool:
        """Whether anything is left of its group: it, or a child it forgot."""
        return signal_group(self.pid, 0)

    def signal(self, number: signal.Signals) -> None:
        """Signals the process alone, as an orchestrator would."""
        self._popen.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Waits for the end and returns the exit code; kills it when the time is over.

        # Raises
        AssertionError with the end of the log when it had to be killed.
        """
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise AssertionError(f"pid {self.pid} still ran after {seconds:g} s\n{self.tail()}") from late
        finally:
            self._gone()

    def kill(self) -> None:
        """Ends the whole group at once, as a power cut would."""
        signal_group(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._gone()

    def stop(self, grace: float = 5) -> None:
        """Asks, waits, then kills. For processes whose manner of ending does not matter."""
        if self.exit_code is None:
            signal_group(self.pid, signal.SIGTERM)
            try:
                self._popen.wait(grace)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def output(self) -> str:
        """Everything it has written."""
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 40) -> str:
        """The end of what it has written, for error messages."""
        return f"--- {self.log}\n" + "\n".join(self.output().splitlines()[-lines:])

    def _gone(self) -> None:
        # The group may outlive its leader: only an empty one may be forgotten.
        if not self.alive:
            Leash.shared().untie(self.pid)


def lines(command: Sequence[str | Path], cwd: Path, errors: int | None = None) -> Iterator[str]:
    """Runs a command and gives its output line by line; it ends with us when we are interrupted.

    # Raises
    subprocess.CalledProcessError after the last line when it failed.
    """
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=errors, text=True) as running:
        assert running.stdout is not None
        try:
            yield from running.stdout
        except BaseException:
            # Leaving the block waits for its end.
            running.terminate()
            raise
    if running.returncode != 0:
        raise subprocess.CalledProcessError(running.returncode, command)


def free_port() -> int:
    """A port of loopback nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
