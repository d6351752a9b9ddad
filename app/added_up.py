"""The steps of a roll-up of hours and days (UTC), added up between whole hours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
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
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.types import TypeEngine

from app.arrays import array_of, table_of, text_of
from app.kept import Given, once
from app.models import Base
from app.series import both_sides

HOUR = timedelta(hours=1)
HALF_A_DAY = timedelta(hours=12)
Columns = ReadOnlyColumnCollection[str, Any]

# What tells of the hours between bounds and midnights, and of which kind it is.
GAPS: dict[str, TypeEngine[Any]] = {
    "gap_place": Integer(),
    "gap_start": DateTime(True),
    "gap_end": DateTime(True),
    "gap_sign": Integer(),
}

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


def added_up(of: Rolled, bounds: Sequence[datetime], told: Told) -> CTE:
    """A roll-up by the places of rising whole hours: `place`, what tells rows apart, what is told.

    What happened from one bound up to the next has the place of the latter, what comes after the
    last a place of its own. What came before the first is at no place, but for what the rows give
    to one place and take from the next: it adds up to nothing.
    """
    return between(of, once(bounds_given(bounds)), told)


def bounds_given(bounds: Sequence[datetime]) -> Mapping[str, Any]:
    """What tells `between` of rising whole hours, by name."""
    return _given(tuple(bounds))


# The charts of a page go by the same days.
@lru_cache(maxsize=64)
def _given(bounds: tuple[datetime, ...]) -> Mapping[str, Any]:
    # Whole days are added up already. A bound within a day is the nearest midnight (UTC), and the
    # hours between the two: added until the next bound, or taken away.
    midnights = [nearest_midnight(bound) for bound in bounds]
    values = {"first_day": midnights[0], "midnights": text_of(midnights)}
    apart = [
        (place, min(bound, midnight), max(bound, midnight), 1 if bound > midnight else -1)
        for place, (bound, midnight) in enumerate(zip(bounds, midnights, strict=True))
        if bound != midnight
    ]
    if not apart:
        return values
    return {**values, **dict(zip(GAPS, map(text_of, zip(*apart, strict=True)), strict=True))}


def between(of: Rolled, given: Given, told: Told) -> CTE:
    """The same as `added_up`, of what `bounds_given` tells.

    Where `last_day` is given too, nothing is told of the days from that midnight on.
    """
    rows = of.days(given["first_day"], given.get("last_day"))
    midnights = array_of(given["midnights"], DateTime(True))
    place = func.width_bucket(rows.c.day, midnights)
    keys = [rows.c[name] for name in of.by]
    days = select(place.label("place"), *keys, *_sums(told(rows.c))).group_by(place, *keys)
    if "gap_place" not in given:
        return days.cte()
    return union_all(days, _beside(of, given, told)).cte()


def _beside(of: Rolled, given: Given, told: Told) -> Select[Any]:
    """The hours between the bounds and their midnights, which count until the next bound."""
    gaps = table_of("gaps", {name: (kind, given[name]) for name, kind in GAPS.items()})
    rows = of.hours(gaps.c.gap_start, gaps.c.gap_end)
    steps, keys = told(rows.c), [rows.c[name] for name in of.by]
    sums = (
        select(gaps.c.gap_place, gaps.c.gap_sign, *keys, *_sums(steps))
        .select_from(gaps.join(rows, true()))
        .group_by(gaps.c.gap_place, gaps.c.gap_sign, *keys)
        .subquery("beside")
    )
    sides = both_sides()
    place = sums.c.gap_place + case((sides.c.side == 1, 0), else_=1)
    moved = ((sums.c.gap_sign * sides.c.side * sums.c[name]).label(name) for name in steps)
    return select(place.label("place"), *(sums.c[name] for name in of.by), *moved).select_from(
        sums.join(sides, true())
    )


def from_the_end(told: CTE, names: Sequence[str]) -> list[Select[Any]]:
    """Steps of what is added up, to be summed by places; the first is what was there before them.

    All steps of a number add up to nothing: those to come are what it is now, taken away.
    """
    before = (func.coalesce(-func.sum(told.c[name]), 0).label(name) for name in names)
    return [select(literal(0).label("place"), *before), select(told)]


def _sums(told: dict[str, ColumnElement[Any]]) -> Iterator[ColumnElement[Any]]:
    return (func.sum(step).label(name) for name, step in told.items())


def whole_hour(moment: datetime) -> datetime:
    """The start of the hour (UTC) of an instant."""
    return moment.replace(minute=0, second=0, microsecond=0)


def ends_hour(moment: datetime) -> bool:
    """Whether an instant is the last one of an hour (UTC)."""
    return (moment.minute, moment.second, moment.microsecond) == (59, 59, 999_999)


def nearest_midnight(moment: datetime) -> datetime:
    """The midnight (UTC) that is nearest to a moment."""
    half = moment + HALF_A_DAY
    return datetime(half.year, half.month, half.day, tzinfo=half.tzinfo)
