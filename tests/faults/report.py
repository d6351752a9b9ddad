"""The table of `docs/reliability.md`, made of what a run of all faults has met."""

import os
import platform
from collections.abc import Sequence
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
    """What a whole run has met: the lines of the table, and sentences about what else was done."""

    lines: list[Line] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    inputs: int = 0


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [HEADS, tuple("---" + ":" * (n > 0) for n in range(len(HEADS)))]
    rows += [line.cells() for line in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def write(lines: Sequence[Line], beside: Sequence[str]) -> None:
    """Put the table, and sentences about what else was done, into the page."""
    text = PAGE.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    done = sum(not line.skipped for line in lines)
    machine = f"Linux on {platform.machine()} with {os.cpu_count()} cores"
    told = f"{done} faults on {machine}, all processes on one machine.\n\n{table(lines)}"
    more = "".join(f"\n{words}\n" for words in beside)
    PAGE.write_text(f"{head}{BEGIN}\n{told}{more}\n{END}{tail}")
