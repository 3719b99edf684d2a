"""Reading the daemon's `/metrics`: the Prometheus text format, as far as it is used there."""

import math
import re
from dataclasses import dataclass

_LINE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Sample:
    """One line."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Metrics:
    """One reading."""

    samples: tuple[Sample, ...]

    @classmethod
    def parse(cls, text: str) -> "Metrics":
        """Reads the text format; comments are skipped."""
        found = (_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
        return cls(tuple(_sample(match) for match in found if match))

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric over every series with these labels; 0 for one never counted."""
        return sum(sample.value for sample in self._matching(name, labels))

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """The same, split by one label."""
        split: dict[str, float] = {}
        for sample in self._matching(name, labels):
            value = sample.labels.get(label, "")
            split[value] = split.get(value, 0) + sample.value
        return split

    def quantile(self, name: str, q: float, **labels: str) -> float | None:
        """A quantile of a histogram, linear within its bucket, as Prometheus does it.

        None without observations; the last finite bound when the quantile is beyond it.
        """
        buckets = self.by(f"{name}_bucket", "le", **labels)
        steps = sorted((float(bound), count) for bound, count in buckets.items())
        if not steps or steps[-1][1] == 0:
            return None
        rank = q * steps[-1][1]
        low, below = 0.0, 0.0
        for bound, count in steps:
            if count >= rank:
                if math.isinf(bound):
                    return low
                return low + (bound - low) * ((rank - below) / max(count - below, 1))
            low, below = bound, count
        return low

    def _matching(self, name: str, labels: dict[str, str]) -> list[Sample]:
        return [
            sample
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]


def _sample(match: re.Match[str]) -> Sample:
    labels = {name: value for name, value in _LABEL.findall(match["labels"] or "")}
    return Sample(match["name"], labels, float(match["value"]))
