"""A case told whole: its facts at an instant, and every change up to it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, cast, func, or_, select

from app.board import Board
from app.columns import COLUMNS
from app.models import Case, Change
from app.versions import VERSIONS, V

# Fields that only say when another one changed.
NOT_TOLD = ("created", "updated")


def facts(number: str, instant: datetime) -> Select[Any]:
    """Every column of one case at an instant, with `target_days`, `elapsed_days`, `description`."""
    board = Board.at(instant)
    return (
        select(
            *(board.expression(name).label(name) for name in COLUMNS),
            board.target_days().label("target_days"),
            board.elapsed_days().label("elapsed_days"),
            V.is_open.label("is_open"),
            V.gone.label("gone"),
            Case.description.label("description"),
        )
        .select_from(VERSIONS)
        .join(Case, Case.case_number == V.case_number)
        .where(V.case_number == number, board.known)
    )


def timeline(number: str, instant: datetime) -> Select[Any]:
    """The changes of a case up to an instant, newest first: at, field, before, after, actor.

    Repeated observations of one value are one change; the first value of a field has no `before`.
    """
    told = (Change.at, Change.seq, cast(Change.value, Text).collate("C"), Change.actor)
    before = func.lag(Change.value).over(partition_by=Change.field, order_by=told)
    place = func.row_number().over(partition_by=Change.field, order_by=told)
    seen = (
        select(
            Change.at,
            Change.seq,
            Change.field,
            before.label("before"),
            Change.value.label("after"),
            Change.actor,
            place.label("place"),
        )
        .where(
            Change.entity == "case",
            Change.key == number,
            Change.at <= instant,
            Change.field.not_in(NOT_TOLD),
        )
        .subquery("seen")
    )
    return (
        select(seen.c.at, seen.c.field, seen.c.before, seen.c.after, seen.c.actor)
        .where(
            or_(
                seen.c.before.is_distinct_from(seen.c.after),
                (seen.c.place == 1) & seen.c.after.is_not(None),
            )
        )
        .order_by(seen.c.at.desc(), seen.c.seq.desc(), seen.c.field)
    )


def exists(number: str) -> Select[Any]:
    """One row when there is such a case, at any instant."""
    return select(Case.case_number).where(Case.case_number == number)
