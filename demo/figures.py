"""The closing table of the demo."""

from screen import table
from emulator.metrics import Metrics
from emulator.objects import Thing


def summary(metrics: Metrics, things: list[Thing], seconds: float) -> str:
    """What was moved, how fast and at what cost, from the daemon's own metrics."""
    size = sum(len(thing.body) for thing in things)
    calls = metrics.by("brigade_aws_calls_total", "operation", service="s3")
    each = sum(calls.values()) / len(things)
    split = ", ".join(f"{count:.0f} {operation}" for operation, count in sorted(calls.items()))
    rows = [
        ("objects", f"{len(things)}"),
        ("bytes", f"{size:,}"),
        ("seconds", f"{seconds:.1f} from the first upload to the last message settled"),
        ("lag p50 / p99", f"{_lag(metrics, 0.50)} / {_lag(metrics, 0.99)} from event to settled"),
        ("S3 calls", f"{each:.2f} per object ({split})"),
    ]
    note = (
        "On AWS a new small object costs one S3 call. The AWS emulator ignores conditions on copies, so\n"
        "the daemon (conditional_writes off) looks once more after each write: that is the difference."
    )
    return table(rows) + "\n" + note


def _lag(metrics: Metrics, q: float) -> str:
    seconds = metrics.quantile("brigade_lag_seconds", q)
    return "unknown" if seconds is None else f"{seconds * 1000:.0f} ms"
