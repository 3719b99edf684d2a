"""Takes each safeguard of list.toml out of the code, one at a time, and demands that somebody notices.

    python3 tests/safeguards/run.py [WORDS…]

Only safeguards whose name contains all the words are tried; without words, all of them. First the
scripts that were kept and the seeds are played, as many as `make test` plays or as `SEEDS` says;
then, if none fails, all other tests of the daemon are run. The code is copied to
.dev/safeguards/tree and changed there; the script that a seed was cut down to is left beside it.
The exit code is 1 if a safeguard is not missed.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Seconds; a change that makes a stage wait for ever is noticed, too.
LONGEST = 1_200

LEFT = ROOT / ".dev" / "safeguards"
COPY = LEFT / "tree"
CARGO = ["cargo", "test", "--locked", "--profile", os.environ.get("PROFILE", "dev")]


def main() -> None:
    """Tries the safeguards that were asked for, and prints a table."""
    words = sys.argv[1:]
    listed = tomllib.loads((HERE / "list.toml").read_text())["safeguard"]
    chosen = [s for s in listed if all(word in s["name"] for word in words)]
    if not chosen:
        sys.exit(f"no safeguard is named like {' '.join(words)!r}; list.toml has {len(listed)}")
    copy_tree()
    if noticed := seeds("nothing") or tests():
        sys.exit(f"with every safeguard in its place somebody notices already: {noticed}")
    missed = 0
    print("| taken out | noticed by |\n|---|---|")
    for safeguard in chosen:
        began = time.monotonic()
        noticed = without(safeguard)
        missed += noticed is None
        took = time.monotonic() - began
        print(f"| {safeguard['name']} | {noticed or '**nobody**'} |", flush=True)
        print(f"  {took:.0f} s", file=sys.stderr, flush=True)
    sys.exit(1 if missed else 0)


def copy_tree() -> None:
    """Copies what is in the checkout, committed or not, keeping times so that cargo can too."""
    COPY.mkdir(parents=True, exist_ok=True)
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    wanted = {name for name in names if name and (ROOT / name).is_file()}
    for old in COPY.rglob("*"):
        if old.is_file() and str(old.relative_to(COPY)) not in wanted:
            old.unlink()
    for name in wanted:
        source, target = ROOT / name, COPY / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def without(safeguard: dict) -> str | None:
    """Who notices that it is gone."""
    path = COPY / safeguard["file"]
    whole = path.read_text()
    times = whole.count(safeguard["find"])
    if times != 1:
        sys.exit(f"{safeguard['name']}: `find` is {times} times in {safeguard['file']}")
    path.write_text(whole.replace(safeguard["find"], safeguard["put"]))
    try:
        return seeds(safeguard["name"]) or tests()
    finally:
        path.write_text(whole)


def seeds(name: str) -> str | None:
    """The script or seed that fails, and with what; leaves the script of a seed."""
    out = cargo(["--test", "it", "seeds::what_failed_once"])
    kept = re.search(r"kept/(\w+)\.json: \[\n\s*\"(.*)\",?$", out, re.MULTILINE)
    if kept:
        return f"`kept/{kept[1]}`: {kept[2][:90]}"
    out = cargo(["--test", "it", "seeds::every_seed"])
    failed = re.search(r"^seed (\d+) fails:\n  (.*)$", out, re.MULTILINE)
    if failed:
        seed, why = failed.groups()
        script = re.search(r"^\{\n.*?^\}\n", out, re.MULTILINE | re.DOTALL)
        if script:
            words = re.sub(r"\W+", "_", name)
            (LEFT / f"{seed}_{words}.json").write_text(script.group())
        return f"seed {seed}: {why[:90]}"
    return "seeds: never at rest" if "test result: FAILED" in out else None


def tests() -> str | None:
    """The tests that fail."""
    out = cargo(["--no-fail-fast", "--lib", "--test", "it", "--", "--skip", "seeds::", "--skip", "safeguards::"])
    failed = sorted(set(re.findall(r"^test (\S+) \.\.\. FAILED$", out, re.MULTILINE)))
    return ", ".join(f"`{name}`" for name in failed[:3]) or None


def cargo(arguments: list[str], *, again: bool = True) -> str:
    """Runs cargo on the copy; a change that does not compile is a mistake in the list."""
    # A target folder of its own: cargo takes two copies of one package for the same.
    target = os.environ.get("SAFEGUARDS_TARGET_DIR", str(LEFT / "target"))
    env = {**os.environ, "CARGO_TARGET_DIR": target, "RUST_BACKTRACE": "0"}
    try:
        done = subprocess.run(
            [*CARGO, *arguments], cwd=COPY, env=env, text=True, capture_output=True, check=False,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return "test result: FAILED. It never ends."
    if "could not compile" in done.stderr:
        if again and "undefined hidden symbol" in done.stderr:
            # What cargo kept of the last change does not fit this one.
            subprocess.run(["cargo", "clean", "-q", "-p", "brigade"], cwd=COPY, env=env, check=False)
            return cargo(arguments, again=False)
        sys.exit(done.stderr)
    return done.stdout + done.stderr


def git(*arguments: str) -> str:
    """What git says."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, text=True, capture_output=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
