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
    false,
    func,
    literal,
    select,
    true,
    union_all,
)

from app.board import Board
from app.fence import fenced
from app.rolled import VALUES, rolled_values, rolls
from app.rolled_lines import rolled_lines, rolls_lines
from app.scope import Scope
from app.series import both_sides, numbered, place_of
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
    steps = select(told).where(told.c.place < size).cte("steps")
    last, whole = func.sum(steps.c.step), func.sum(steps.c.step * (size - steps.c.place))
    value = steps.c.value if field == "severity" else steps.c.value.collate("C")
    ranks = (
        select(
            steps.c.rest,
            steps.c.value,
            func.max(steps.c.together).label("together"),
            func.row_number()
            .over(order_by=(steps.c.rest, last.desc(), whole.desc(), value))
            .label("rank"),
        )
        .group_by(steps.c.rest, steps.c.value)
        .having(whole > 0)
        .cte("ranks")
    )
    rank = func.least(ranks.c.rank, REST)
    shown = (
        select(
            rank.label("rank"),
            func.sum(ranks.c.together).label("number"),
            case((rank < REST, func.nullif(func.min(ranks.c.value), unset))).label("value"),
        )
        .group_by(rank)
        .cte("shown")
    )
    same = and_(steps.c.rest == ranks.c.rest, steps.c.value == ranks.c.value)
    every = numbered(size, "every")
    # A step of nothing at each instant, so that every line goes through all of them.
    all_steps = union_all(
        select(shown.c.rank, every.c.number.label("place"), literal(0).label("step")).select_from(
            shown.join(every, true())
        ),
        select(rank, steps.c.place, steps.c.step).select_from(steps.join(ranks, same)),
    ).subquery("all_steps")
    at = all_steps.c.rank, all_steps.c.place
    cases = func.sum(func.sum(all_steps.c.step)).over(partition_by=at[0], order_by=at[1])
    lines = select(*at, cast(cases, Integer).label("cases")).group_by(*at).subquery("lines")
    return select(
        lines.c.place,
        cast(shown.c.rank, Integer).label("rank"),
        shown.c.value,
        cast(shown.c.number, Integer).label("number"),
        lines.c.cases,
    ).select_from(lines.join(shown, shown.c.rank == lines.c.rank))


def _told(scope: Scope, field: str, instants: Sequence[datetime]) -> SelectBase:
    """Open cases by value, from a roll-up where it knows them.

    `value`, `place`, `step`, and of how many values they are `together`: several are the `rest`.
    """
    if field in VALUES and rolls(scope, instants, alone=True):
        return rolled_values(scope, field, instants)
    if rolls_lines(scope, field, instants):
        return rolled_lines(scope, field, instants, SHOWN)
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
            held.c.value,
            place.label("place"),
            (func.sum(sides.c.side) * one.sign).label("step"),
            literal(1).label("together"),
            false().label("rest"),
        )
        .select_from(held.join(sides, true()))
        .where(held.c.enters < held.c.leaves)
        .group_by(held.c.value, place)
    )
