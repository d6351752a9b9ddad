"""One case: its facts at an instant."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from app.board import Board
from app.columns import COLUMNS
from app.models import Case
from app.versions import VERSIONS, V


def facts(number: str, instant: datetime) -> Select[Any]:
    """Every column of one case at an instant, with `target_days`, `elapsed_days`, `description`."""
    board = Board.at(instant)
    return (
        select(
            *(board.expression(name).label(name) for name in COLUMNS),
            board.target_days().label("target_days"),
            board.elapsed_days().label("elapsed_days"),
            V.is_open.label("is_open"),
            V.escalation_link.label("escalation_link"),
            V.gone.label("gone"),
            Case.description.label("description"),
        )
        .select_from(VERSIONS)
        .join(Case, Case.case_number == V.case_number)
        .where(V.case_number == number, board.known)
    )


def exists(number: str) -> Select[Any]:
    """One row when there is such a case, at any instant."""
    return select(Case.case_number).where(Case.case_number == number)
