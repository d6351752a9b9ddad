"""Open cases by the values of a field, out of the roll-up of values: the largest, and all others.

A year of all values is many rows, of which a chart shows few lines. So months tell how many cases
each value has at the end; days and hours are read of those values that may have a line, and of all
cases together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    SelectBase,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from app.added_up import Rolled, Rows, between, bounds_given, nearest_midnight
from app.board import Board
from app.fence import fenced
from app.kept import Given
from app.models import ALL_CASES, VALUE_FIELDS, Base, ValueStep, ValueStepByDay, ValueStepByMonth
from app.parted_hour import moved_since, parted_hour
from app.rolled import rolls
from app.scope import Scope
from app.versions import TICK

TABLES = Base.metadata.tables
HOURS, DAYS = TABLES[ValueStep.__tablename__], TABLES[ValueStepByDay.__tablename__]
MONTHS = TABLES[ValueStepByMonth.__tablename__].c


def rolls_lines(scope: Scope, field: str, instants: Sequence[datetime]) -> bool:
    """Whether the roll-up tells a field, without filters, at days that begin at whole hours."""
    return (
        field in VALUE_FIELDS and set(scope.view.filters()) <= {"state"} and rolls(scope, instants)
    )


def lines_given(scope: Scope, instants: Sequence[datetime]) -> dict[str, Any]:
    """What tells `rolled_lines` of instants that `rolls_lines` allows, by name.

    `month` is when a month begins of which all steps come after the last instant. What its own day
    and hour have to tell has a name only where there is something.
    """
    bounds = [edge + TICK for edge in instants]
    if scope.live and instants[-1] == scope.instant:
        # Nothing is known after it: a bound at which a month begins asks for no days.
        bounds[-1] = _month_after(scope.instant)
    parted = parted_hour(scope, instants)
    last = bounds[-1] = parted or bounds[-1]
    midnight = nearest_midnight(last)
    month = midnight if midnight.day == 1 else _month_after(midnight)
    first = min(bounds[0], nearest_midnight(bounds[0]))
    told = {
        **bounds_given(bounds),
        "size": len(bounds),
        "first_month": first.replace(day=1, hour=0),
        "month": month,
        "last_day": midnight,
    }
    if midnight < month:
        told["days_left"] = midnight
    if last < midnight:
        told["before_midnight"] = last
    elif midnight < last:
        told["after_midnight"] = last
    return {**told, "hour": parted, "instant": scope.instant} if parted else told


def rolled_lines(given: Given, field: str, most: int) -> SelectBase:
    """Open cases by a field at the instants that `lines_given` tells: the `most` largest at last.

    `value`, `place`, `step`: by how much they step up from the instant before. All cases are told
    as the `rest`: beside the values told so many more have cases at the last instant (`together`).
    """
    late = _late(given, field) if "hour" in given else None
    ranked = _ranked(given, VALUE_FIELDS[field], late)
    may = or_(ranked.c.rank <= most, ranked.c.cases == 0)
    cases = cast(ranked.c.cases, Integer).label("step")
    chosen = select(ranked.c.field, ranked.c.value, cases).where(may).cte("chosen")
    of = Rolled(_rows(chosen, HOURS, "hour"), _rows(chosen, DAYS, "day"), ("field", "value"))
    stepped = between(of, given, lambda row: {"step": row.step})
    last = given["size"] - 1
    moves: Select[Any] | CompoundSelect[Any] = select(stepped)
    if late is not None:
        same = and_(late.c.field == chosen.c.field, late.c.value == chosen.c.value)
        moves = union_all(moves, select(last.label("place"), late).join(chosen, same))
    inner = fenced(moves, "inner")
    told, step = (inner.c.field, inner.c.value), func.sum(inner.c.step)
    # What is there at first is what is there at last, but for all that came between.
    signed = case((inner.c.place.is_(None), -step), else_=step)
    sums = (
        select(*told, inner.c.place, cast(signed, Integer).label("step"))
        .where(inner.c.place.between(1, last))
        .group_by(func.grouping_sets(tuple_(*told, inner.c.place), tuple_(*told)))
        .subquery("sums")
    )
    steps = union_all(
        select(chosen, literal(0).label("place")),
        select(sums.c.field, sums.c.value, sums.c.step, func.coalesce(sums.c.place, 0)),
    ).subquery("steps")
    others = select(func.count()).select_from(ranked).where(~may).scalar_subquery()
    whole = steps.c.field == ALL_CASES
    return select(
        steps.c.value,
        steps.c.place,
        steps.c.step,
        case((whole, cast(others, Integer)), else_=1).label("together"),
        whole.label("rest"),
    )


def _late(given: Given, field: str) -> CTE:
    """The steps of a field, and of all cases, in an hour up to the instant."""
    moved = moved_since(given["hour"], Board(given["instant"], ()), field).c
    return union_all(
        select(literal(VALUE_FIELDS[field]).label("field"), moved.value, moved.step),
        select(literal(ALL_CASES), literal(""), func.coalesce(func.sum(moved.step), 0)),
    ).cte("late")


def _ranked(given: Given, number: int, late: CTE | None) -> CTE:
    """The values of a field, and all cases, that had some: at the last bound, and their rank.

    What came and went `late` in its hour counts too.
    """
    month, midnight = given["month"], given["last_day"]
    known = (
        select(
            MONTHS.field,
            MONTHS.value,
            func.sum(case((MONTHS.month >= month, MONTHS.step), else_=0)).label("later"),
        )
        .where(MONTHS.field.in_((ALL_CASES, number)), MONTHS.month >= given["first_month"])
        .group_by(MONTHS.field, MONTHS.value)
        .cte("known")
    )
    # All steps of a value add up to nothing: those to come are its cases, taken away.
    later: ColumnElement[Any] = known.c.later
    if "days_left" in given:
        later = later + _between(known, DAYS, "day", given["days_left"], month)
    if "before_midnight" in given:
        later = later + _between(known, HOURS, "hour", given["before_midnight"], midnight)
    if "after_midnight" in given:
        later = later - _between(known, HOURS, "hour", midnight, given["after_midnight"])
    if late is not None:
        same = and_(late.c.field == known.c.field, late.c.value == known.c.value)
        later = later - func.coalesce(select(late.c.step).where(same).scalar_subquery(), 0)
    lasts = select(known.c.field, known.c.value, (-later).label("cases")).subquery("lasts")
    rank = func.rank().over(partition_by=lasts.c.field, order_by=lasts.c.cases.desc())
    return select(lasts, rank.label("rank")).cte("ranked")


def _between(known: CTE, table: Table, time: str, start: Any, until: Any) -> ColumnElement[Any]:
    """How much a value stepped up in a part of a month."""
    sums = _of_value(known, table).where(table.c[time] >= start, table.c[time] < until)
    return func.coalesce(sums.with_only_columns(func.sum(table.c.step)).scalar_subquery(), 0)


def _rows(chosen: CTE, table: Table, time: str) -> Rows:
    """The rows of the chosen values."""

    def rows(start: Any, until: Any) -> FromClause:
        # Looked up value by value: nothing else of a large table is to be read.
        found = _of_value(chosen, table).where(table.c[time] >= start, table.c[time] < until)
        each = fenced(found, f"each_{time}").lateral()
        return (
            select(chosen.c.field, chosen.c.value, each.c[time], each.c.step)
            .select_from(chosen.join(each, true()))
            .lateral(f"of_{time}s")
        )

    return rows


def _of_value(known: CTE, table: Table) -> Select[Any]:
    same = and_(table.c.field == known.c.field, table.c.value == known.c.value)
    return select(table).where(same).correlate_except(table)


def _month_after(moment: datetime) -> datetime:
    begun = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (begun + timedelta(days=32)).replace(day=1)
