"""AWS on this machine: AWS emulators, pipelines on them, and the daemon against them.

Used by the live tests, `make demo` and `make dev`. Everything binds to loopback, takes a free
port, logs to a file and dies with the process that started it.

Until :mod:`emulator.venv` has made the project's own `.venv`, only the standard library is there;
so nothing in this package imports boto3 at the top of a file.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The project's folder."""

HOME = "us-east-1"
"""Region of the source bucket, the queue and the topic."""

AWAY = "eu-west-1"
"""Region of the target bucket and the catalogue: copies cross regions."""
