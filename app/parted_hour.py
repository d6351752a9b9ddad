"""The hour in which a past instant lies: roll-ups know what came and went in it, not when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, func, literal, select, union_all

from app.added_up import ends_hour, whole_hour
from app.board import Board
from app.scope import Scope
from app.versions import V


def within_hour(scope: Scope, instants: Sequence[datetime]) -> bool:
    """Whether the last of some instants is that of the scope, in the midst of an hour."""
    return instants[-1] == scope.instant and not ends_hour(instants[-1])


def parted_hour(scope: Scope, instants: Sequence[datetime]) -> datetime | None:
    """The start of the hour that is to be told up to the last of some instants; None for none.

    That of an instant at which an hour ends is not, nor one of which nothing is known afterwards.
    """
    parted = within_hour(scope, instants) and not scope.live
    return whole_hour(scope.instant) if parted else None


def moved_since(
    start: Any, board: Board, field: str, asked: Sequence[ColumnElement[bool]] = ()
) -> CTE:
    """By `step` how many more open cases a `value` of a field had at the instant than before.

    Of those cases only for which holds what is `asked`.
    """
    unset: Any = 0 if field == "severity" else ""
    value: Any = func.coalesce(board.expression(field), unset).label("value")
    asked, end = [V.is_open, *asked], board.instant
    entered = select(value, literal(1).label("step"))
    left = select(value, literal(-1).label("step"))
    steps = union_all(
        entered.where(*asked, V.valid_from >= start, V.valid_from <= end),
        left.where(*asked, V.valid_to >= start, V.valid_to <= end),
    ).subquery("moves")
    return (
        select(steps.c.value, func.sum(steps.c.step).label("step"))
        .group_by(steps.c.value)
        .cte("moved")
    )
