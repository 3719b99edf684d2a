"""Questions with their answers, and the table of all of them."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Expected = Mapping[str, str | tuple[str, ...]]
"""What each part of an answer should be; several values where each would do."""

_WIDTH = 44


@dataclass
class Asked:
    """One question of docs/internals/verified.md."""

    number: int
    question: str
    expected: Expected = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    verdict: str = "no answer"

    def note(self, said: str) -> None:
        """Something worth reading beside the answer."""
        self.notes.append(said)

    def answer(self, expected: Expected, seen: Mapping[str, str]) -> None:
        """Compares. The test fails where they differ."""
        self.expected, self.seen = expected, seen
        differ = {part: seen.get(part) for part, good in expected.items() if not _agree(good, seen.get(part))}
        self.verdict = "differs" if differ else "agrees"
        assert not differ, f"question {self.number}: expected {expected}, seen {seen}"


def _agree(good: str | tuple[str, ...], seen: str | None) -> bool:
    return seen in good if isinstance(good, tuple) else seen == good


def table(asked: Iterable[Asked]) -> list[str]:
    """The lines to print, in the order of the questions."""
    line = f"{'':>3}  {{:<{_WIDTH}}}  {{:<{_WIDTH}}}  {{}}"
    lines = [line.format("expected", "seen", "").rstrip()]
    for one in sorted(asked, key=lambda one: one.number):
        lines.append(f"{one.number:>3}. {one.question}")
        parts = list(one.expected) or [""]
        for at, part in enumerate(parts):
            good = one.expected.get(part, "")
            wanted = _wrapped(part, " or ".join(good) if isinstance(good, tuple) else good)
            found = _wrapped(part, one.seen.get(part, ""))
            rows = max(len(wanted), len(found))
            for row in range(rows):
                verdict = one.verdict if at == 0 and row == 0 else ""
                lines.append(line.format(_at(wanted, row), _at(found, row), verdict).rstrip())
        lines += [f"{'':>5}note: {note}" for note in one.notes]
    return lines


def _wrapped(part: str, value: str) -> list[str]:
    return textwrap.wrap(f"{part}: {value}" if part and value else value, _WIDTH) or [""]


def _at(rows: list[str], row: int) -> str:
    return rows[row] if row < len(rows) else ""
