"""The values of counts at a list of instants, in one statement: sums of steps up and down.

`places` of the instants are counted from 0. A stretch counts at an instant T when start <= T < end.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    TableValuedAlias,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.sql.visitors import iterate

from app.arrays import array_of
from app.board import Board
from app.metrics import Count
from app.readings import Reading, readings
from app.versions import TICK, VERSIONS
from app.view import View


def series(
    view: View, board: Board, counts: Sequence[Count], instants: Sequence[datetime]
) -> Select[Any]:
    """Every count of a View at each of some rising instants: `place` and a column per count."""
    names = [count.name for count in counts]
    groups: list[list[Reading]] = []
    for reading in readings(view, board, counts, instants[-1]):
        alike = (group for group in groups if group[0].reads_as(reading))
        if group := next(alike, None):
            group.append(reading)
        else:
            groups.append([reading])
    steps = [one for group in groups for one in _read_once(group, names, instants)]
    return running(steps, names, len(instants))


def _read_once(
    group: Sequence[Reading], names: Sequence[str], instants: Sequence[datetime]
) -> list[Select[Any]]:
    """The steps of readings of the same versions, which are looked up but once for all of them."""
    if len(group) == 1:
        return [steps_of(group[0], names, instants)]
    steps = [steps_of(one, names, instants, known=True) for one in group]
    told = {
        part.name: part
        for one in steps
        for part in iterate(one)
        if isinstance(part, Column) and part.table is VERSIONS
    }
    asked = group[0].reached(instants[0], instants[-1])
    known = select(*told.values()).where(*asked).cte().prefix_with("MATERIALIZED")
    adapted = ClauseAdapter(known)
    return [adapted.traverse(one) for one in steps]


def steps_of(
    reading: Reading,
    names: Sequence[str],
    instants: Sequence[datetime],
    *,
    known: bool = False,
) -> Select[Any]:
    """+1 at the place of the first instant that a part holds, -1 at the first after it.

    With `known` the versions are those that can hold, so that this is asked no more.
    """
    base, parts = reading.base, reading.parts
    asked = [] if known else reading.reached(instants[0], instants[-1])
    several = len(parts) > 1
    moments = list(chain.from_iterable((part.start, part.end) for part, _ in parts))
    distinct = [m for n, m in enumerate(moments) if not any(_same(m, k) for k in moments[:n])]
    column_of = [next(n for n, known in enumerate(distinct) if _same(known, m)) for m in moments]
    bounds = _bounds(instants)
    # Parts that begin and end alike are added up first, so that several workers may share it.
    held = (
        select(
            *(_placed(moment, bounds).label(f"at_{n}") for n, moment in enumerate(distinct)),
            *(
                func.sum(flag).label(f"{name}_{part}")
                for part, (_, flags) in enumerate(parts)
                for name, flag in flags.items()
            ),
        )
        .select_from(base.origin)
        .where(*asked, *reading.parted(instants[0], instants[-1]))
        .group_by(*(literal_column(str(n)) for n in range(1, len(distinct) + 1)))
        .subquery("held")
    )
    # Each part is a step at its start and one at its end.
    steps = numbered(len(moments), "steps")
    at: list[ColumnElement[Any]] = [held.c[f"at_{n}"] for n in column_of]
    if several:
        # A part that ends before it begins is to add nothing.
        at = [func.greatest(*at[n - 1 : n + 1]) if n % 2 else at[n] for n in range(len(at))]
    place = case(dict(enumerate(at)), value=steps.c.number)

    def stepped(name: str) -> ColumnElement[Any]:
        of_parts = {
            part: held.c[f"{name}_{part}"] for part, (_, flags) in enumerate(parts) if name in flags
        }
        if not of_parts:
            return literal(0)
        of_part = case(of_parts, value=steps.c.number // 2, else_=0)
        return func.sum(of_part * (1 - 2 * (steps.c.number % 2))) * base.sign

    told = [stepped(name).label(name) for name in names]
    return (
        select(place.label("place"), *told)
        .select_from(held.join(steps, true()))
        .group_by(literal_column("1"))
    )


def both_sides() -> TableValuedAlias:
    """A row for entering (`side` 1) and one for leaving (-1), to be joined with stretches."""
    return (
        func.generate_series(-1, 1, 2).table_valued(column("side", Integer)).render_derived("sides")
    )


def numbered(size: Any, name: str) -> TableValuedAlias:
    """The numbers from 0 on as the rows of a table (SQLAlchemy keeps no text with VALUES in it)."""
    series = func.generate_series(0, size - 1).table_valued(column("number", Integer))
    return series.render_derived(name)


def place_of(moment: ColumnElement[Any], instants: Sequence[datetime]) -> ColumnElement[int]:
    """The place of the first of some rising instants that is not before a moment.

    It is the number of instants when all are before.
    """
    return _placed(moment, _bounds(instants))


def _bounds(instants: Sequence[datetime]) -> ColumnElement[Any]:
    """From when on a moment has the place after each of some rising instants."""
    return array_of([instant + TICK for instant in instants], DateTime(timezone=True))


def _placed(moment: ColumnElement[Any], bounds: ColumnElement[Any]) -> ColumnElement[int]:
    return func.width_bucket(moment, bounds)


def _same(one: ColumnElement[Any], other: ColumnElement[Any]) -> bool:
    return one is other or one.compare(other)


def running(steps: list[Select[Any]], names: Sequence[str], size: int) -> Select[Any]:
    """The running sums of steps (`place`, names) at each place, those without a step included."""
    every = numbered(size, "every")
    place = every.c.number.label("place")
    if not steps:
        return select(place, *(literal(0).label(name) for name in names))
    told = union_all(*steps).subquery("told")
    sums = (
        select(told.c.place, *(func.sum(told.c[name]).label(name) for name in names))
        .group_by(told.c.place)
        .subquery("sums")
    )
    return (
        select(
            place,
            *(
                cast(
                    func.sum(func.coalesce(sums.c[name], 0)).over(order_by=every.c.number), Integer
                ).label(name)
                for name in names
            ),
        )
        .select_from(every.outerjoin(sums, sums.c.place == every.c.number))
        .order_by(every.c.number)
    )
