"""Bugs behind cases that got a target, or a fix, in a period, as SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, and_, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.board import Board
from app.links import NO_TARGET
from app.models import Bug, BugVersion, CaseBug
from app.report.steps import standing
from app.versions import TICK
from app.view import View

# The statuses, in lower case, in which trackers say that the work is done: Bugzilla's, JIRA's.
FIXED = (
    "modified",
    "on_qa",
    "verified",
    "release_pending",
    "resolved",
    "closed",
    "done",
    "release pending",
    "fixed",
)
LONGEST = 300


def bug_steps(view: View, start: datetime, end: datetime) -> Select[Any]:
    """The changes of a View's bugs in `[start, end)`: a row for each version that tells one.

    Columns: `tracker`, `key`, `summary`, `at`, `target`, `target_before`, `status`,
    `status_before`, `cases` (their numbers, in order), `got_target`, `got_fix`.
    """
    board = Board.at(end - TICK)
    version, before = BugVersion.__table__.alias("b"), BugVersion.__table__.alias("before")
    b, was = version.c, before.c
    got_target = and_(_aimless(was.target), ~_aimless(b.target))
    got_fix = and_(_is_fixed(b.status), ~_is_fixed(was.status))
    link = and_(
        CaseBug.tracker == b.tracker,
        CaseBug.key == b.key,
        CaseBug.linked_at <= board.instant,
        or_(CaseBug.unlinked_at.is_(None), CaseBug.unlinked_at > board.instant),
    )
    case = standing(board, view, CaseBug.__table__.c.case_number)
    waiting = (
        select(
            func.array_agg(aggregate_order_by(CaseBug.case_number, CaseBug.case_number)).label(
                "cases"
            )
        )
        .select_from(CaseBug.__table__.join(case, true()))
        .where(link)
        .lateral("waiting")
    )
    return (
        select(
            b.tracker,
            b.key,
            _brief(func.coalesce(b.summary, Bug.summary)).label("summary"),
            b.valid_from.label("at"),
            _brief(b.target).label("target"),
            _brief(was.target).label("target_before"),
            _brief(b.status).label("status"),
            _brief(was.status).label("status_before"),
            waiting.c.cases,
            got_target.label("got_target"),
            got_fix.label("got_fix"),
        )
        .select_from(
            version.join(
                before,
                and_(was.tracker == b.tracker, was.key == b.key, was.valid_to == b.valid_from),
            )
            .join(Bug.__table__, and_(Bug.tracker == b.tracker, Bug.key == b.key))
            .join(waiting, true())
        )
        .where(b.valid_from >= start, b.valid_from < end, ~b.gone, ~b.restricted)
        .where(or_(got_target, got_fix), waiting.c.cases.is_not(None))
    )


def _brief(text: Any) -> Any:
    return func.left(text, LONGEST)


def _aimless(target: Any) -> Any:
    return func.coalesce(target, "").in_(NO_TARGET)


def _is_fixed(status: Any) -> Any:
    return func.coalesce(func.lower(status, type_=String), "").in_(FIXED)
