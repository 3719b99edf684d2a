"""`make demo` and `make dev`: the whole way of an object, on an AWS emulator on this machine.

This file runs on whatever Python there is: it checks what the machine must have, makes the
project's own Python environment, and starts itself again in it. So it says what is missing instead
of failing on its own first line; hence no syntax newer than Python 3.6 here.
"""

import os
import shutil
import sys

OLDEST = (3, 11)  # The AWS emulator's.

NO_PYTHON = """Python 3.11 or newer is missing (this is %d.%d).
  Debian: sudo apt-get install -y python3 python3-venv
  macOS:  brew install python@3.13"""


def main() -> None:
    """Checks, prepares, and goes on in the project's own environment."""
    if sys.version_info < OLDEST:
        _start_again_with_newer_python()
    # Lines must come when they happen, also into a pipe or a CI log.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [here, os.path.join(os.path.dirname(here), "tests", "live")]

    from emulator import build, environment, venv

    environment.scrub()
    try:
        build.tools()
        python = venv.ensure("ministack")
    except venv.MissingTool as missing:
        sys.exit("\n%s\n" % missing)
    if os.path.realpath(sys.prefix) != os.path.realpath(str(python.parent.parent)):
        _start_again(str(python))

    import act

    sys.exit(act.main(stay="--stay" in sys.argv[1:]))


def _start_again_with_newer_python() -> None:
    for minor in range(20, OLDEST[1] - 1, -1):
        newer = shutil.which("python3.%d" % minor)
        if newer:
            _start_again(newer)
    sys.exit(NO_PYTHON % sys.version_info[:2])


def _start_again(python: str) -> None:
    sys.stdout.flush()
    os.execv(python, [python, os.path.abspath(__file__)] + sys.argv[1:])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
