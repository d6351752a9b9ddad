"""`docs/performance.md`: what `make bench` measured, in words and tables."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from benchmarks import table
from benchmarks.figure import Figure
from benchmarks.growth import Growth
from benchmarks.machine import in_words

PAGE = """# Performance

This page is made by `make bench ARGS="{command}"`;
make it anew on your machine, one that does nothing else, and compare ratios, not times.

**What was measured.** {cases:,} cases over ten years, 5 % of them open, with comments, cards, bugs
and their whole history (`caseboard seed`), on {day}. {machine}

**How.** Every request goes over HTTP to the web server as `caseboard up` starts it. *Floor* is a
callback that returns the same answer as a constant, through the same server. *Raw* is the
statements behind the answer, run alone by a cursor of the driver; where a budget names another
thing to compare with, that stands there. All three are measured in turn, so that they meet the same
machine; times are medians. *Cold* means that Redis had forgotten every answer; PostgreSQL keeps its
pages in memory. *Ratio* is what the budget is told in: of `floor + 2 × raw` how many raws lie above
the floor, of others how many times the thing compared with (beside other systems: how many times
less). The figures of the system that Caseboard succeeds and of Apache Superset were measured once,
over the same data on such a machine, and are constants here.

{kept} of {asked} budgets are kept.

{figures}

## Growth

The statements alone, the best of some rounds, in worlds of three sizes: cost grows as cases ^ k.

{growths}
"""


def page(
    machine: dict[str, Any],
    rows: Sequence[Figure],
    fits: Sequence[Growth],
    cases: int,
    command: str,
) -> str:
    """The page's text."""
    asked = [row for row in rows if row.met is not None]
    return PAGE.format(
        command=command,
        cases=cases,
        day=date.today().isoformat(),  # noqa: DTZ011 - the day of whoever measures
        machine=in_words(machine),
        kept=sum(bool(row.met) for row in asked),
        asked=len(asked),
        figures=table.figures(rows),
        growths=table.growths(fits) or "Not measured in this run.",
    )
