"""Chooses between the demo, which ends by itself, and the playground, which stays."""

import signal
import sys

from screen import Screen
from stage import Stage
from emulator.daemon import EndedEarly


def main(stay: bool) -> int:
    """Runs one of the two and returns the exit code; nothing is left running after it."""
    # A closed terminal or a kill then unwinds like Ctrl-C: the stage is taken down.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    # A shell that starts us in the background has Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    screen = Screen()
    try:
        if stay:
            import play

            with Stage("dev", screen) as stage:
                return play.until_stopped(stage, screen)
        import story

        with Stage("demo", screen) as stage:
            story.tell(stage, screen)
        return screen.verdict()
    except KeyboardInterrupt:
        print("\ninterrupted; everything is stopped", flush=True)
        return 130
    except (AssertionError, EndedEarly) as failed:
        print(f"\nthe demo cannot go on: {failed}", flush=True)
        return 1
