"""What changed about cases in a period, as SQL: versions that began in it, beside those before.

Cases are chosen by how they stand at the period's last instant, whatever they were before.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from app.board import Board
from app.models import CaseVersion
from app.targets import passing
from app.versions import TICK, V
from app.view import View

# What a line tells of its case, as it stood when the period ended.
STANDING = ("summary", "account", "severity", "status", "engineer", "is_open")
LONGEST_SUMMARY = 300
COMPARED = ("severity", "owner", "engineer", "escalated", "crit_sit")
HALF, WHOLE = 1, 2


def steps(view: View, start: datetime, end: datetime) -> Select[Any]:
    """The changes of the cases of a View in `[start, end)`: a row for each version that tells one.

    Columns: `number`, `at`, `event`; for each of `COMPARED` its value and `<name>_before`; `first`
    (the case began so); `last` (it stands so at the end); `closed_at` (its latest closing);
    `card`; `is_open`; `rank` (0 on track, 1 past half of its target, 2 past the whole) and
    `rank_before`; `end_<name>` for each of `STANDING`.
    """
    board = Board.at(end - TICK)
    began = CaseVersion.__table__.alias("began")
    touched = (
        select(began.c.case_number)
        .where(began.c.valid_from >= start, began.c.valid_from < end)
        .distinct()
        .subquery("touched")
    )
    # Each case is looked up by itself, so a window is its history.
    history: dict[str, Any] = {"order_by": V.valid_from}
    whole: dict[str, Any] = {**history, "rows": (None, None)}
    last = V.valid_to >= end
    known = (
        select(
            V.case_number.label("number"),
            V.valid_from.label("at"),
            V.event,
            V.is_open,
            V.card,
            V.closed_at,
            *(V[name] for name in COMPARED),
            *(func.lag(V[name]).over(**history).label(f"{name}_before") for name in COMPARED),
            *(
                func.last_value(_stand(name)).over(**whole).label(f"end_{name}")
                for name in STANDING
            ),
            (func.row_number().over(**history) == 1).label("first"),
            last.label("last"),
            _rank(board, V.valid_from).label("rank"),
            func.lag(_rank(board, V.valid_to - TICK)).over(**history).label("rank_before"),
            func.bool_or(and_(last, *board.conditions(view))).over(**whole).label("matches"),
        )
        .where(V.case_number == touched.c.case_number, V.valid_from < end, V.valid_to >= start)
        .lateral("known")
    )
    k = known.c
    changed = or_(
        k.event.is_not(None),
        and_(k["last"], k.closed_at >= start),
        and_(
            ~k["first"],
            or_(*(k[name].is_distinct_from(k[f"{name}_before"]) for name in COMPARED)),
        ),
        and_(k["first"], or_(k.escalated == "yes", k.crit_sit)),
        and_(k.is_open, k.rank > func.coalesce(k.rank_before, 0)),
    )
    return (
        select(*k).select_from(touched.join(known, true())).where(k.matches, k.at >= start, changed)
    )


def passed(view: View, start: datetime, end: datetime) -> Select[Any]:
    """The cases of a View that passed a mark of their target by time alone in `[start, end)`.

    Columns: `number`, `at`, `rank` (1 half of the target, 2 the whole), `end_<name>` for each of
    `STANDING`.
    """
    board = Board.at(end - TICK)
    marks = zip((HALF, WHOLE), _marks(board), strict=True)
    crossed = union_all(
        *(
            select(V.case_number.label("number"), mark.label("at"), literal(number).label("rank"))
            .where(V.is_open, passing(board.policies, number / WHOLE, start, end))
            .where(mark >= start, mark < end, mark > V.valid_from, mark < V.valid_to)
            for number, mark in marks
        )
    ).subquery("crossed")
    c = crossed.c
    then = standing(board, view, c.number)
    ends = (then.c[name].label(f"end_{name}") for name in STANDING)
    return select(*c, *ends).select_from(crossed.join(then, true()))


def standing(board: Board, view: View, number: ColumnElement[str]) -> Any:
    """A case as it stands at the board's instant, if it matches the View; to be joined to."""
    return (
        select(*(_stand(name).label(name) for name in STANDING))
        .where(V.case_number == number, board.known, *board.conditions(view))
        .limit(1)  # so that each case is looked up, however many there may be
        .lateral("standing")
    )


def _stand(name: str) -> ColumnElement[Any]:
    return func.left(V.summary, LONGEST_SUMMARY) if name == "summary" else V[name]


def _rank(board: Board, moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """How far a version's clock is at a moment: 0 on track, 1 past half, 2 past the whole target.

    The clock of a case that is not open stands still at its closing.
    """
    reached = case((V.is_open, moment), else_=func.coalesce(V.closed_at, moment))
    half, whole = _marks(board)
    return case((whole <= reached, WHOLE), (half <= reached, HALF), else_=0)


def _marks(board: Board) -> tuple[ColumnElement[datetime], ColumnElement[datetime]]:
    """When a version's clock passes half of its target, and the whole; NULL without a target.

    Open cases go by the policy in force at the board's instant, whatever was in force earlier.
    """
    target = board.target_days()
    half = V.created_date + target * timedelta(hours=12) + TICK
    return half, V.created_date + target * timedelta(days=1)
