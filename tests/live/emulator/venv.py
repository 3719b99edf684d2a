"""The project's own Python environments: one per AWS emulator, as their dependencies conflict, and one for AWS.

Each is made on first use from a fully pinned requirement file, and made anew when that file
changes. A stamp written last tells a finished environment from one whose making was interrupted.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from emulator import ROOT
from emulator.process import lines

Say = Callable[[str], None]

VENVS = ROOT / ".venv"
REQUIREMENTS = ROOT / "tests" / "live"


class MissingTool(Exception):
    """Something this machine must have and has not; the message says how to install it."""


def ensure(name: str, say: Say = print, wanted: Path | None = None) -> Path:
    """Makes `.venv/<name>` if it is not there or out of date, and returns its interpreter."""
    wanted = wanted or REQUIREMENTS / f"requirements-{name}.txt"
    folder = VENVS / name
    python = folder / "bin" / "python"
    stamp = folder / "made-from"
    fingerprint = f"{sys.version_info[:2]} {hashlib.sha256(wanted.read_bytes()).hexdigest()}"
    VENVS.mkdir(exist_ok=True)
    # Two sessions may start at once (a demo beside the tests): the second waits for the first.
    with (VENVS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The interpreter is a link: a Python upgraded or removed leaves it hanging.
        if python.exists() and stamp.exists() and stamp.read_text() == fingerprint:
            return python
        if folder.exists():
            shutil.rmtree(folder)
        say(f"making .venv/{name} with Python {sys.version_info.major}.{sys.version_info.minor}")
        _create(folder)
        _install(python, wanted, say)
        stamp.write_text(fingerprint)
    return python


def run_pytest(python: Path, tests: Path) -> NoReturn:
    """Becomes pytest on a folder of tests, with the arguments of the command line."""
    logs = ROOT / ".dev" / tests.name
    logs.parent.mkdir(exist_ok=True)
    arguments = ["-m", "pytest", "--rootdir", str(tests), "--basetemp", str(logs), *sys.argv[1:]]
    if not any(Path(argument.partition("::")[0]).exists() for argument in sys.argv[1:]):
        arguments.append(str(tests))
    os.execv(python, [str(python), *arguments])


def _create(folder: Path) -> None:
    try:
        venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    except (subprocess.CalledProcessError, ImportError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise MissingTool(
            "Python cannot make a virtual environment.\n"
            "  Debian: sudo apt-get install python3-venv\n"
            "  macOS:  brew install python@3.13"
        ) from error


def _install(python: Path, wanted: Path, say: Say) -> None:
    """Shows pip's own lines as they come, shortened: silence for a minute looks like a hang."""
    command: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "-r", wanted]
    tail: list[str] = []
    try:
        for line in lines(command, ROOT, errors=subprocess.STDOUT):
            tail = [*tail[-19:], line.rstrip()]
            if line.startswith(("Collecting", "Building", "Installing")):
                say("  pip: " + line.partition(" (from ")[0].strip()[:90])
    except subprocess.CalledProcessError:
        raise SystemExit("\n".join([*tail, f"pip could not install {wanted.relative_to(ROOT)}"])) from None
