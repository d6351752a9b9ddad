"""Open cases by the values of one field, at a list of instants: the largest ones, and the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    SelectBase,
    and_,
    case,
    cast,
    func,
    select,
    true,
    union_all,
)

from app.board import Board
from app.fence import fenced
from app.rolled import VALUES, rolled_values, rolls
from app.scope import Scope
from app.series import both_sides, place_of
from app.spans import Stretches, open_stretches

SHOWN = 8
REST = SHOWN + 1


def value_series(scope: Scope, field: str, instants: Sequence[datetime]) -> Select[Any]:
    """A row per instant and value: `place`, `rank`, `value`, `number` (of values), `cases`.

    Values are ranked by their cases at the last instant, then by those of all instants. Those past
    the largest `SHOWN` are one row of rank `REST`, whose value is NULL, as is that of cases where
    the field is not set.
    """
    size, unset = len(instants), 0 if field == "severity" else ""
    told = _told(scope, field, instants).subquery("told")
    steps = (
        select(told.c.value, told.c.place, func.sum(told.c.step).label("step"))
        .where(told.c.place < size)
        .group_by(told.c.value, told.c.place)
        .cte("steps")
    )
    last, whole = func.sum(steps.c.step), func.sum(steps.c.step * (size - steps.c.place))
    ranks = (
        select(
            steps.c.value,
            func.row_number()
            .over(order_by=(last.desc(), whole.desc(), steps.c.value))
            .label("rank"),
        )
        .group_by(steps.c.value)
        .having(whole > 0)
        .cte("ranks")
    )
    rank = func.least(ranks.c.rank, REST)
    shown = (
        select(
            rank.label("rank"),
            func.count().label("number"),
            case((rank < REST, func.nullif(func.min(ranks.c.value), unset))).label("value"),
        )
        .group_by(rank)
        .cte("shown")
    )
    same = steps.c.value == ranks.c.value
    sums = (
        select(rank.label("rank"), steps.c.place, func.sum(steps.c.step).label("step"))
        .select_from(steps.join(ranks, same))
        .group_by(rank, steps.c.place)
        .subquery("sums")
    )
    every = func.generate_series(0, size - 1).table_valued("place").render_derived(name="every")
    running = func.sum(func.coalesce(sums.c.step, 0)).over(
        partition_by=shown.c.rank, order_by=every.c.place
    )
    here = and_(sums.c.place == every.c.place, sums.c.rank == shown.c.rank)
    return (
        select(
            every.c.place,
            cast(shown.c.rank, Integer).label("rank"),
            shown.c.value,
            cast(shown.c.number, Integer).label("number"),
            cast(running, Integer).label("cases"),
        )
        .select_from(shown.join(every, true()).outerjoin(sums, here))
        .order_by(every.c.place, shown.c.rank)
    )


def _told(scope: Scope, field: str, instants: Sequence[datetime]) -> SelectBase:
    """`value`, `place` and `step` of open cases: from the roll-up, where it knows them."""
    if field in VALUES and rolls(scope, instants, alone=True):
        return rolled_values(scope, field, instants)
    view, board = scope.view, scope.board
    stretches = open_stretches(board, view, {field})
    return union_all(*(_steps(one, board, field, instants) for one in stretches))


def _steps(one: Stretches, board: Board, field: str, instants: Sequence[datetime]) -> Select[Any]:
    # Missing values are told as filters do, so that they can be joined like any other.
    unset = 0 if field == "severity" else ""
    held = fenced(
        select(
            func.coalesce(board.expression(field), unset).label("value"),
            place_of(one.start, instants).label("enters"),
            place_of(one.end, instants).label("leaves"),
        )
        .select_from(one.origin)
        .where(*one.where, *one.meeting(instants[0], instants[-1])),
        "held",
    )
    sides = both_sides()
    place = case((sides.c.side == 1, held.c.enters), else_=held.c.leaves)
    return (
        select(
            held.c.value, place.label("place"), (func.sum(sides.c.side) * one.sign).label("step")
        )
        .select_from(held.join(sides, true()))
        .where(held.c.enters < held.c.leaves)
        .group_by(held.c.value, place)
    )
