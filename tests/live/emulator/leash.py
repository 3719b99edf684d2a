"""Ends what we started, however we end.

A process that is killed outright cleans up nothing, and not every system can tie a child to its
parent. So one small process holds the read end of a pipe whose only writer is its starter: when
the pipe closes, the starter is gone, and every process group still on the list is ended.

Run as a script this file is that process. It knows only the standard library.
"""

import atexit
import os
import signal
import subprocess
import sys
import time


class Leash:
    """The starter's side. One per process, made on first use."""

    _the_one: "Leash | None" = None

    @classmethod
    def shared(cls) -> "Leash":
        """The leash of this process."""
        if cls._the_one is None:
            cls._the_one = cls()
            atexit.register(cls._the_one.close)
        return cls._the_one

    def __init__(self) -> None:
        # A session of its own, or Ctrl-C in the terminal would end it together with us.
        self._watcher = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def tie(self, group: int) -> None:
        """Ends this process group when we are gone."""
        self._tell(f"+{group}")

    def untie(self, group: int) -> None:
        """Forgets a group that has ended: its number may be given to a stranger."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """Ends what is still tied, at once, and waits for it."""
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait()

    def _tell(self, line: str) -> None:
        assert self._watcher.stdin is not None
        self._watcher.stdin.write(line + "\n")
        self._watcher.stdin.flush()


def signal_group(group: int, number: int) -> bool:
    """Signals a process group; false when nothing is left of it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies.
        return False
    return True


def _watch() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    tied: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            tied.add(group)
        else:
            tied.discard(group)
    tied = {group for group in tied if signal_group(group, signal.SIGTERM)}
    end = time.monotonic() + 5
    while tied and time.monotonic() < end:
        time.sleep(0.05)
        tied = {group for group in tied if signal_group(group, 0)}
    for group in tied:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    _watch()
