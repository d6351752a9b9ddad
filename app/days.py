"""Numbers day by day, beside those of the days that they are compared with, in one statement.

The number of a day is what the metric says as of the day's end.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import FromClause, Select, select

from app.bug_series import bug_series
from app.day_table import day_table
from app.metrics import COUNTS, METRICS, BugCount, Count
from app.rolled import knows, rolled, rolls
from app.rolled_bugs import rolled_bugs, rolls_bugs
from app.scope import Scope
from app.series import series

# The numbers of a list of rising instants: `place`, and a column per name.
Told = Callable[[Scope, Sequence[datetime]], Select[Any]]

BUG_COUNTS: tuple[BugCount, ...] = tuple(
    metric for metric in METRICS if isinstance(metric, BugCount)
)
DAILY: tuple[Count | BugCount, ...] = (*COUNTS, *BUG_COUNTS)


def compared(scope: Scope) -> Scope | None:
    """The scope of the period that the address compares with; None where it names none."""
    if not scope.period.compare:
        return None
    return replace(scope, period=scope.period.before(scope.view.tz))


def day_by_day(
    scope: Scope, told: Told, names: Sequence[str], *, newest_first: bool = False
) -> Select[Any]:
    """A row per day, by default oldest first: `day`, `as_of` (its end), and the named numbers.

    Where the period is compared, each column has one beside it, with `_before` at its end.
    """
    known = day_table(scope.days(), scope.ends())
    numbers = told(scope, scope.ends()).subquery("numbers")
    columns: list[Any] = [known.c.day, known.c.as_of]
    columns += [numbers.c[name] for name in names]
    origin: FromClause = known.join(numbers, numbers.c.place == known.c.place)
    other = compared(scope)
    if other:
        then = day_table(other.days(), other.ends(), name="days_before")
        earlier = told(other, other.ends()).subquery("numbers_before")
        columns += [
            then.c.day.label("day_before"),
            then.c.as_of.label("as_of_before"),
            *(earlier.c[name].label(f"{name}_before") for name in names),
        ]
        origin = origin.outerjoin(then, then.c.place == known.c.place)
        origin = origin.outerjoin(earlier, earlier.c.place == known.c.place)
    order = known.c.day.desc() if newest_first else known.c.day
    return select(*columns).select_from(origin).order_by(order)


def counted(counts: Sequence[Count]) -> Told:
    """Some counts of the catalogue at each instant, from the roll-up where it knows them."""

    def told(scope: Scope, instants: Sequence[datetime]) -> Select[Any]:
        rolling = rolls(scope, instants)
        known = [count for count in counts if rolling and knows(count, scope)]
        others = [count for count in counts if count not in known]
        if not others:
            return rolled(scope, known, instants)
        read = series(scope.view, scope.board, others, instants)
        if not known:
            return read
        sums, found = rolled(scope, known, instants).subquery("sums"), read.subquery("found")
        return select(
            sums.c.place, *((sums if one in known else found).c[one.name] for one in counts)
        ).select_from(sums.join(found, found.c.place == sums.c.place))

    return told


def bugs_counted(scope: Scope, instants: Sequence[datetime]) -> Select[Any]:
    """The bug counts of the catalogue at each instant, from the roll-up where it knows them."""
    if rolls_bugs(scope, instants):
        return rolled_bugs(scope, instants)
    return bug_series(scope.view, scope.board, instants)


def catalogued(scope: Scope) -> Select[Any]:
    """Every count of the catalogue, those of bugs included, for each day of a period."""

    def told(asked: Scope, instants: Sequence[datetime]) -> Select[Any]:
        cases = counted(COUNTS)(asked, instants).subquery("cases")
        bugs = bugs_counted(asked, instants).subquery("bugs")
        return select(
            cases.c.place,
            *(cases.c[metric.name] for metric in COUNTS),
            *(bugs.c[metric.name] for metric in BUG_COUNTS),
        ).select_from(cases.join(bugs, bugs.c.place == cases.c.place))

    return day_by_day(scope, told, [metric.name for metric in DAILY])
