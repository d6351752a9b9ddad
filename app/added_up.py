"""The steps of a roll-up of hours and days (UTC), added up between whole hours."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Select,
    case,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.arrays import table_of
from app.metrics import DAY
from app.models import Base
from app.series import both_sides, place_of
from app.versions import TICK

HOUR = timedelta(hours=1)
Columns = ReadOnlyColumnCollection[str, Any]


# The rows of a table in `[start, until)`, or from a start on.
Rows = Callable[[Any, Any], FromClause]
Told = Callable[[Columns], dict[str, ColumnElement[Any]]]


@dataclass(frozen=True, slots=True)
class Rolled:
    """A roll-up as it is read: rows by `hour` and by `day`, and what tells them apart."""

    hours: Rows
    days: Rows
    by: tuple[str, ...] = ()


def rolled_by(
    hours: type[Base],
    days: type[Base],
    asked: Callable[[Columns], list[ColumnElement[bool]]],
    by: tuple[str, ...] = (),
) -> Rolled:
    """The rows of a roll-up that pass some conditions."""

    def rows_of(model: type[Base], time: str) -> Rows:
        table = Base.metadata.tables[model.__tablename__]

        def rows(start: Any, until: Any) -> FromClause:
            within = [table.c[time] >= start, *([] if until is None else [table.c[time] < until])]
            return select(table).where(*asked(table.c), *within).lateral(f"of_{time}s")

        return rows

    return Rolled(rows_of(hours, "hour"), rows_of(days, "day"), by)


def added_up(
    of: Rolled, bounds: Sequence[datetime], told: Told, *, until: datetime | None = None
) -> CTE:
    """A roll-up by the places of rising whole hours: `place`, what tells rows apart, what is told.

    What happened from one bound up to the next has the place of the latter, what comes after the
    last a place of its own; of days from the midnight `until` on nothing is told. What came before
    the first is at no place, but for what the rows give to one place and take from the next: it
    adds up to nothing.
    """
    # Whole days are added up already. A bound within a day is the nearest midnight (UTC), and the
    # hours between the two: added until the next bound, or taken away.
    midnights = [nearest_midnight(bound) for bound in bounds]
    rows = of.days(midnights[0], until)
    place = place_of(rows.c.day, [midnight - TICK for midnight in midnights])
    keys = [rows.c[name] for name in of.by]
    days = select(place.label("place"), *keys, *_sums(told(rows.c))).group_by(place, *keys)
    if midnights == list(bounds):
        return days.cte()
    return union_all(days, _beside(of, bounds, midnights, told)).cte()


def _beside(
    of: Rolled, bounds: Sequence[datetime], midnights: Sequence[datetime], told: Told
) -> Select[Any]:
    """The hours between the bounds and their midnights, which count until the next bound."""
    apart = [
        (place, min(bound, midnight), max(bound, midnight), 1 if bound > midnight else -1)
        for place, (bound, midnight) in enumerate(zip(bounds, midnights, strict=True))
        if bound != midnight
    ]
    places, starts, ends, signs = zip(*apart, strict=True)
    gaps = table_of(
        "gaps",
        {
            "place": (Integer(), places),
            "start": (DateTime(True), starts),
            "until": (DateTime(True), ends),
            "sign": (Integer(), signs),
        },
    )
    rows = of.hours(gaps.c.start, gaps.c.until)
    steps, keys = told(rows.c), [rows.c[name] for name in of.by]
    sums = (
        select(gaps.c.place, gaps.c.sign, *keys, *_sums(steps))
        .select_from(gaps.join(rows, true()))
        .group_by(gaps.c.place, gaps.c.sign, *keys)
        .subquery("beside")
    )
    sides = both_sides()
    place = sums.c.place + case((sides.c.side == 1, 0), else_=1)
    moved = ((sums.c.sign * sides.c.side * sums.c[name]).label(name) for name in steps)
    return select(place.label("place"), *(sums.c[name] for name in of.by), *moved).select_from(
        sums.join(sides, true())
    )


def _sums(told: dict[str, ColumnElement[Any]]) -> Iterator[ColumnElement[Any]]:
    return (func.sum(step).label(name) for name, step in told.items())


def whole_hour(moment: datetime) -> datetime:
    """The start of the hour (UTC) of an instant."""
    return moment.replace(minute=0, second=0, microsecond=0)


def ends_hour(moment: datetime) -> bool:
    """Whether an instant is the last one of an hour (UTC)."""
    return moment + TICK == whole_hour(moment + TICK)


def nearest_midnight(moment: datetime) -> datetime:
    """The midnight (UTC) that is nearest to a moment."""
    half = moment + DAY / 2
    return half.replace(hour=0, minute=0, second=0, microsecond=0)
