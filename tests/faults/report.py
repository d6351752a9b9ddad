"""The table of `docs/reliability.md`, made of what a run of all faults has met."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- table made by `make faults` -->\n", "<!-- end of the table -->\n"
HEADS = (
    "fault", "times", "answers", "of them remembered ones", "refused",
    "longest wait (s)", "recovered after (s)", "lost", "doubled", "wrong",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What one fault did. `recovered` is the seconds until answers and syncs were as before."""

    fault: str
    times: int
    answers: int
    stale: int
    refused: int
    longest: float
    recovered: float
    lost: int
    doubled: int
    wrong: int
    skipped: str = ""

    def cells(self) -> tuple[str, ...]:
        """The line as texts."""
        if self.skipped:
            return (self.fault, f"not done: {self.skipped}", *[""] * (len(HEADS) - 2))
        numbers = (self.times, self.answers, self.stale, self.refused)
        waits = (self.longest, self.recovered)
        found = (self.lost, self.doubled, self.wrong)
        return (
            self.fault,
            *(f"{number:,}" for number in numbers),
            *(f"{seconds:.1f}" for seconds in waits),
            *(f"{number:,}" for number in found),
        )


@dataclass
class Book:
    """What a run has met: lines of the table, and sentences about what else was done, by subject."""

    lines: list[Line] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    inputs: int = 0


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as a Markdown table."""
    under = tuple("---" + ":" * (place > 0) for place in range(len(HEADS)))
    return "".join(f"| {' | '.join(row)} |\n" for row in (HEADS, under, *rows))


def write(book: Book, order: Sequence[str]) -> None:
    """Put what was met into the page; what this run did not do stays as it was met before.

    `order` are the names of the faults as the table has them.
    """
    head, rest = PAGE.read_text().split(BEGIN)
    told, tail = rest.split(END)
    rows = {cells[0]: cells for cells in _cells(told)}
    rows |= {line.fault: line.cells() for line in book.lines}
    beside = dict(re.findall(r"^(\w+): (.+)$", told, re.MULTILINE)) | book.beside
    machine = f"Linux on {platform.machine()} with {os.cpu_count()} cores"
    first = f"On {machine}, all processes on one machine."
    found = table([rows[name] for name in order if name in rows])
    more = "".join(f"\n{name}: {words}\n" for name, words in sorted(beside.items()))
    PAGE.write_text(f"{head}{BEGIN}\n{first}\n\n{found}{more}\n{END}{tail}")


def _cells(text: str) -> list[tuple[str, ...]]:
    """The rows of a table that was written before."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
