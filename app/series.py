"""The values of counts at a list of instants, in one statement: sums of steps up and down.

`places` of the instants are counted from 0. A stretch counts at an instant T when start <= T < end.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
    values,
)

from app.board import Board
from app.metrics import Count
from app.spans import Stretches, open_stretches, recent_stretches
from app.versions import TICK
from app.view import View

Flags = dict[str, ColumnElement[Any]]


def series(
    view: View, board: Board, counts: Sequence[Count], instants: Sequence[datetime]
) -> Select[Any]:
    """Every count of a View at each of some rising instants: `place` and a column per count."""
    steps: list[Select[Any]] = []
    names = [count.name for count in counts]
    for stretches, flags in _stretches(view, board, counts, instants[-1]):
        steps.append(_steps(stretches, flags, names, instants))
    return running(steps, names, len(instants))


def _stretches(
    view: View, board: Board, counts: Sequence[Count], last: datetime
) -> Iterable[tuple[Stretches, Flags]]:
    """The stretches behind some counts; those that differ by plain filters only are read once."""
    plain = {"severity", "escalated", "crit_sit", "escalation"}
    together = [count for count in counts if not count.since and set(count.only) <= plain]
    if together:
        flags = {count.name: _flag(board, view, count, last) for count in together}
        for stretches in open_stretches(board, view):
            yield stretches, flags
    for count in counts:
        if count in together:
            continue
        if count.since:
            found = recent_stretches(board, view, *count.since)
        else:
            rows = count.rows(view, last)
            found = open_stretches(board, rows) if rows else iter(())
        for stretches in found:
            yield stretches, {count.name: literal(1)}


def _flag(board: Board, view: View, count: Count, last: datetime) -> ColumnElement[Any]:
    if not count.only:
        return literal(1)
    if count.rows(view, last) is None:
        return literal(0)
    [asked] = board.value_filters(View(**count.only))
    return case((asked, 1), else_=0)


def _steps(
    one: Stretches, flags: Flags, names: Sequence[str], instants: Sequence[datetime]
) -> Select[Any]:
    """+1 at the place of the first instant that a stretch holds, -1 at the first after it."""
    # Stretches that begin and end alike are added up first, so that several workers may share it.
    enters, leaves = place_of(one.start, instants), place_of(one.end, instants)
    held = (
        select(
            enters.label("enters"),
            leaves.label("leaves"),
            *(func.sum(flag).label(name) for name, flag in flags.items()),
        )
        .select_from(one.origin)
        .where(*one.where, *one.meeting(instants[0], instants[-1]))
        .group_by(literal_column("1"), literal_column("2"))
        .subquery("held")
    )
    sides = both_sides()
    place = case((sides.c.side == 1, held.c.enters), else_=held.c.leaves)
    told = [
        (func.sum(held.c[name] * sides.c.side) * one.sign if name in flags else literal(0)).label(
            name
        )
        for name in names
    ]
    return select(place.label("place"), *told).select_from(held.join(sides, true())).group_by(place)


def both_sides() -> Any:
    """A row for entering (`side` 1) and one for leaving (-1), to be joined with stretches."""
    return values(column("side", Integer), name="sides").data([(1,), (-1,)])


def place_of(moment: ColumnElement[Any], instants: Sequence[datetime]) -> ColumnElement[int]:
    """The place of the first of some rising instants that is not before a moment.

    It is the number of instants when all are before.
    """
    known = bindparam(None, list(instants), type_=ARRAY(DateTime(timezone=True)), unique=True)
    return func.width_bucket(moment - TICK, cast(known, ARRAY(DateTime(timezone=True))))


def running(steps: list[Select[Any]], names: Sequence[str], size: int) -> Select[Any]:
    """The running sums of steps (`place`, names) at each place, those without a step included."""
    every = func.generate_series(0, size - 1).table_valued("place").render_derived(name="every")
    if not steps:
        return select(every.c.place, *(literal(0).label(name) for name in names))
    told = union_all(*steps).subquery("told")
    sums = (
        select(told.c.place, *(func.sum(told.c[name]).label(name) for name in names))
        .group_by(told.c.place)
        .subquery("sums")
    )
    return (
        select(
            every.c.place,
            *(
                cast(
                    func.sum(func.coalesce(sums.c[name], 0)).over(order_by=every.c.place), Integer
                ).label(name)
                for name in names
            ),
        )
        .select_from(every.outerjoin(sums, sums.c.place == every.c.place))
        .order_by(every.c.place)
    )
