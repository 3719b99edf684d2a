"""Finding the daemon's binary, or building it with cargo."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from emulator import ROOT
from emulator.process import lines
from emulator.venv import MissingTool

NO_CARGO = (
    "Rust is missing (cargo was not found).\n"
    "  Debian: sudo apt-get install -y curl && curl -sSf https://sh.rustup.rs | sh -s -- -y\n"
    "  macOS:  curl -sSf https://sh.rustup.rs | sh -s -- -y\n"
    "Then open a new terminal, or: . ~/.cargo/env"
)

NO_COMPILER = (
    "A C compiler is missing (cc was not found).\n"
    "  Debian: sudo apt-get install -y build-essential\n"
    "  macOS:  xcode-select --install"
)


def tools() -> None:
    """Checks that the daemon can be built here.

    # Raises
    MissingTool naming all that is missing, each with the line that installs it.
    """
    missing = []
    if _cargo() is None:
        missing.append(NO_CARGO)
    if shutil.which("cc") is None or not _compiles():
        missing.append(NO_COMPILER)
    if missing:
        raise MissingTool("\n\n".join(missing))


def build() -> Path:
    """Builds the daemon with cargo's own output on the terminal, and returns the binary's path.

    It is built beside a test, because cargo then turns on the same features of the dependencies as
    `cargo test` does. Without that it would compile most of them a second time.

    # Raises
    SystemExit when cargo failed; what it said stands above.
    """
    tools()
    cargo = _cargo()
    assert cargo is not None
    command = [cargo, "build", "--locked", "--bin", "brigade", "--test", "model"]
    # Cargo writes progress to stderr, which stays the terminal's; stdout is for us.
    command += ["--message-format", "json-render-diagnostics"]
    try:
        messages = [json.loads(line) for line in lines(command, ROOT) if line.startswith("{")]
    except subprocess.CalledProcessError as failed:
        raise SystemExit(f"cargo build failed with exit code {failed.returncode}") from None
    for message in messages:
        if message.get("target", {}).get("name") == "brigade" and message.get("executable"):
            return Path(message["executable"])
    raise SystemExit("cargo named no executable for brigade")


def binary() -> Path:
    """The binary to test: `$BRIGADE_BIN`, else built now."""
    named = os.environ.get("BRIGADE_BIN")
    if named is None:
        return build()
    path = Path(named)
    assert os.access(path, os.X_OK), f"BRIGADE_BIN={named}: no such executable"
    return path


def _cargo() -> str | None:
    # rustup's own folder counts: a terminal opened before the installation does not know it yet.
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    return shutil.which("cargo") or shutil.which("cargo", path=str(home / "bin"))


def _compiles() -> bool:
    """False for the stub macOS puts in place of a compiler until its tools are installed."""
    asked = subprocess.run(["cc", "--version"], capture_output=True, check=False)
    return asked.returncode == 0
