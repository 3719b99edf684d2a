"""Waiting on conditions, with a deadline. Nothing here or in the tests sleeps for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY_SECONDS = 0.05


def until(what: str, look: Callable[[], T], seconds: float = 30, every: float = _LOOK_EVERY_SECONDS) -> T:
    """Looks until the answer is true, and returns it.

    An AssertionError raised by `look` counts as "not yet". When the time is over the last answer is
    part of the message: "not ready" alone helps nobody.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            answer = look()
            if answer:
                return answer
            last: object = answer
        except AssertionError as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:g} s; last seen: {last!r}")
        time.sleep(every)


def holds(what: str, look: Callable[[], object], seconds: float) -> None:
    """Looks for a whole period that the answer stays true: the only proof of "and no more"."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert look(), f"{what}: no longer so {end - time.monotonic():.1f} s before the end of {seconds:g} s"
        time.sleep(_LOOK_EVERY_SECONDS)
