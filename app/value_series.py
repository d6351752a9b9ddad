"""Open cases by the values of one field, at a list of instants: the largest ones, and the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    SelectBase,
    Subquery,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.board import Board
from app.fence import fenced
from app.kept import Given, kept
from app.rolled import VALUES, rolled_values, rolls
from app.rolled_lines import lines_given, rolled_lines, rolls_lines
from app.scope import Scope
from app.series import both_sides, numbered, place_of
from app.spans import Stretches, open_stretches

SHOWN = 8
REST = SHOWN + 1


def value_series(scope: Scope, field: str, instants: Sequence[datetime]) -> Select[Any]:
    """A row per value, the largest first: `rank`, `value`, `number` (of values), `cases`.

    `cases` are those at each of the instants. Values are ranked by their cases at the last instant,
    then by those of all. Those past the largest `SHOWN` are one row of rank `REST`, whose value is
    NULL, as is that of cases where the field is not set.
    """
    if rolls_lines(scope, field, instants):
        return kept(_rolled, lines_given(scope, instants), field)
    return _of_steps(_told(scope, field, instants), field, len(instants), whole=False)


def _rolled(given: Given, field: str) -> Select[Any]:
    return _of_steps(rolled_lines(given, field, SHOWN), field, given["size"], whole=True)


def _of_steps(told: SelectBase, field: str, size: Any, *, whole: bool) -> Select[Any]:
    read = told.subquery("told")
    steps = select(read).where(read.c.place < size).cte("steps")
    ranks = _ranks(steps, size)
    rank, number = ranks.c.rank, func.sum(ranks.c.together)
    unset = 0 if field == "severity" else ""
    shown = (
        select(
            rank,
            number.label("number"),
            case((rank < REST, func.nullif(func.min(ranks.c.value), unset))).label("value"),
        )
        .group_by(rank)
        .having(number > 0)
        .cte("shown")
    )
    lines = _lines(shown, steps, ranks, size, whole=whole)
    return (
        select(
            cast(shown.c.rank, Integer).label("rank"),
            shown.c.value,
            cast(shown.c.number, Integer).label("number"),
            lines.c.cases,
        )
        .select_from(lines.join(shown, shown.c.rank == lines.c.rank))
        .order_by(shown.c.rank)
    )


def _ranks(steps: CTE, size: Any) -> CTE:
    """The rank of each value that has cases at some instant; `REST` past the largest."""
    last, whole = func.sum(steps.c.step), func.sum(steps.c.step * (size - steps.c.place))
    value: ColumnElement[Any] = steps.c.value
    if isinstance(value.type, Text):
        value = value.collate("C")
    rank = func.row_number().over(order_by=(steps.c.rest, last.desc(), whole.desc(), value))
    return (
        select(
            steps.c.rest,
            steps.c.value,
            func.max(steps.c.together).label("together"),
            case((steps.c.rest, REST), else_=func.least(rank, REST)).label("rank"),
        )
        .group_by(steps.c.rest, steps.c.value)
        .having(whole > 0)
        .cte("ranks")
    )


def _lines(shown: CTE, steps: CTE, ranks: CTE, size: Any, *, whole: bool) -> Subquery:
    """`cases` of each `rank`, by places. `whole`: the rest was told with all others in it."""
    every = numbered(size, "every")
    same = and_(steps.c.rest == ranks.c.rest, steps.c.value == ranks.c.value)
    of_values = select(ranks.c.rank, steps.c.place, steps.c.step).select_from(
        steps.join(ranks, same)
    )
    # A step of nothing at each instant, so that every line goes through all of them.
    nothing = select(
        shown.c.rank, every.c.number.label("place"), literal(0).label("step")
    ).select_from(shown.join(every, true()))
    parts = [nothing, of_values]
    if whole:
        lined = and_(~ranks.c.rest, ranks.c.rank < REST)
        taken = select(literal(REST), steps.c.place, -steps.c.step).select_from(
            steps.join(ranks, and_(same, lined))
        )
        parts = [nothing, of_values.where(or_(ranks.c.rest, lined)), taken]
    told = union_all(*parts).subquery("told_lines")
    at = told.c.rank, told.c.place
    cases = func.sum(func.sum(told.c.step)).over(partition_by=at[0], order_by=at[1])
    each = select(*at, cast(cases, Integer).label("cases")).group_by(*at).subquery("each").c
    by_place = func.array_agg(aggregate_order_by(each.cases, each.place))
    return select(each.rank, by_place.label("cases")).group_by(each.rank).subquery("lines")


def _told(scope: Scope, field: str, instants: Sequence[datetime]) -> SelectBase:
    """`value`, `place` and `step` of open cases; each value is one (`together`), not the `rest`."""
    if field in VALUES and rolls(scope, instants):
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
