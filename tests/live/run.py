"""Runs the live tests in the project's own Python environment, which it makes if need be.

    python3 tests/live/run.py [pytest's arguments]

The daemon under test is `$BRIGADE_BIN`, else it is built with cargo.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Prepares what takes long while somebody watches, then hands over to pytest."""
    if sys.version_info < (3, 11):
        sys.exit(
            "Python 3.11 or newer is needed for the AWS emulators.\n"
            "  Debian: sudo apt-get install -y python3 python3-venv\n"
            "  macOS:  brew install python@3.13"
        )
    from emulator import build, venv

    try:
        # Before pytest, which hides the progress of fixtures.
        os.environ["BRIGADE_BIN"] = str(build.binary())
        for name in ("localstack", "moto"):
            venv.ensure(name)
        python = venv.ensure("ministack")
    except venv.MissingTool as missing:
        sys.exit(f"\n{missing}\n")
    venv.run_pytest(python, HERE)


if __name__ == "__main__":
    main()
