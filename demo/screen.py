"""What the demo says: headings, one updating line while something runs, and verdicts."""

import sys
import time
from types import TracebackType

_PLAIN_EVERY_SECONDS = 2.0


class Screen:
    """Remembers whether everything was as expected."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.passed = 0
        self._steps = 0

    def step(self, title: str) -> None:
        """Opens the next part."""
        self._steps += 1
        print(f"\n{self._steps}. {title}", flush=True)

    def say(self, text: str) -> None:
        """One or more indented lines."""
        for line in text.splitlines() or [""]:
            print(f"   {line}", flush=True)

    def check(self, expected: str, ok: object, otherwise: str = "") -> bool:
        """One thing that must be so; goes on either way, so that the end shows all that failed."""
        if ok:
            self.passed += 1
            self.say(f"ok      {expected}")
            return True
        self.failed.append(expected)
        self.say(f"FAILED  {expected}" + (f": {otherwise}" if otherwise else ""))
        return False

    def verdict(self) -> int:
        """The closing line and the exit code."""
        print(f"\n{self.passed} as expected, {len(self.failed)} not", flush=True)
        for expected in self.failed:
            print(f"   not so: {expected}", flush=True)
        return 1 if self.failed else 0


class Progress:
    """One line that is rewritten on a terminal; now and then a plain line elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._shown = ""
        self._latest = ""
        self._last = 0.0

    def show(self, text: str) -> None:
        """Replaces the line."""
        now = time.monotonic()
        self._latest = text
        if text == self._shown or (not self._live and now - self._last < _PLAIN_EVERY_SECONDS):
            return
        self._shown, self._last = text, now
        if self._live:
            print(f"\r   {text}\x1b[K", end="", flush=True)
        else:
            print(f"   {text}", flush=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: object, _t: TracebackType | None) -> None:
        if self._live and self._shown:
            print(flush=True)
        elif self._latest != self._shown:
            print(f"   {self._latest}", flush=True)


def table(rows: list[tuple[str, str]]) -> str:
    """Two columns, the second aligned."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}   {value}" for name, value in rows)
