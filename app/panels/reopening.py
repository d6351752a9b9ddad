"""How often a closing does not last: cases reopened within 14 days, by when they were closed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Select,
    and_,
    cast,
    func,
    select,
)  # fmt: skip

from app import course
from app.course import AGAIN, AGAIN_DAYS, UNDONE
from app.panel import Measure, Panel, Row
from app.panels.listed import listed
from app.panels.reopening_figure import rate_figure, reopened_figure
from app.scope import Scope
from app.steps import steps
from app.versions import VERSIONS, V
from app.view import View

NEWEST = 200


def rate_select(scope: Scope) -> Select[Any]:
    """Per step of the period: cases closed in it, and those of them reopened within 14 days.

    A case counts once in each step that it had a closing in. `whole` tells that the 14 days are
    over for all of them.
    """
    parts = steps(scope)
    starts = cast([part.start for part in parts], ARRAY(DateTime(timezone=True)))
    days = listed([part.day for part in parts], Date(), "days")
    over = listed([part.end <= scope.instant - AGAIN for part in parts], Boolean(), "over")
    undone = _undone(scope, starts)
    at = V.closed_at
    board = scope.board
    last = (
        select(func.width_bucket(at, starts).label("step"), func.count().label("cases"))
        .select_from(VERSIONS)
        .where(board.known, *board.conditions(scope.view.but(state="closed")))
        .where(course.last_closed(*scope.period.filled()))
        .group_by(func.width_bucket(at, starts))
        .cte("last")
    )
    # A case that was closed again in the same step has its latest closing among `last`.
    more = (
        select(
            undone.c.step,
            func.count(undone.c.number.distinct()).filter(~undone.c.again_here).label("cases"),
            func.count(undone.c.number.distinct()).filter(undone.c.soon).label("reopened"),
        )
        .group_by(undone.c.step)
        .cte("more")
    )
    closed = func.coalesce(last.c.cases, 0) + func.coalesce(more.c.cases, 0)
    reopened = func.coalesce(more.c.reopened, 0)
    return (
        select(
            days.c.told.label("day"),
            cast(closed, Integer).label("closed"),
            cast(reopened, Integer).label("reopened"),
            cast(100.0 * reopened / func.nullif(closed, 0), Float).label("rate"),
            over.c.told.label("whole"),
        )
        .select_from(
            days.join(over, over.c.place == days.c.place)
            .outerjoin(last, last.c.step == days.c.place)
            .outerjoin(more, more.c.step == days.c.place)
        )
        .order_by(days.c.place)
    )


def _undone(scope: Scope, starts: ColumnElement[Any]) -> CTE:
    """The closings of the period that were undone, with the cases as they now stand."""
    at = V.closed_at
    step = func.width_bucket(UNDONE.closed_at, starts)
    start, end = scope.period.filled()
    return (
        select(
            UNDONE.case_number.label("number"),
            step.label("step"),
            course.soon().label("soon"),
            func.coalesce(
                and_(course.last_closed(start, end), func.width_bucket(at, starts) == step), False
            ).label("again_here"),
        )
        .join(VERSIONS, V.case_number == UNDONE.case_number)
        .where(course.undone(scope.instant, start, end))
        .where(scope.board.known, *scope.board.conditions(scope.view))
        .cte("undone")
    )


def rate_rows(row: Row, scope: Scope) -> Mapping[str, View]:
    """The cases closed in a step, and those of them that were reopened."""
    part = next(one for one in steps(scope) if one.day == row["day"])
    between = (part.start, part.end)
    found = {}
    if scope.view.closing in (None, between):
        found["closed"] = scope.view.but(state="all", closing=between)
    if scope.view.reopened in (None, between):
        found["reopened"] = scope.view.but(state="all", reopened=between)
    return found


def reopened_select(scope: Scope) -> Select[Any]:
    """The closings of the period that a reopening undid within 14 days, the newest first."""
    zone = scope.view.tz

    def local(moment: ColumnElement[datetime]) -> ColumnElement[str]:
        return func.to_char(func.timezone(zone, moment), "YYYY-MM-DD HH24:MI")

    return (
        select(
            UNDONE.case_number.label("number"),
            V.severity,
            V.account,
            local(UNDONE.closed_at).label("closed"),
            local(UNDONE.valid_from).label("again"),
            course.days_between(UNDONE.closed_at, UNDONE.valid_from).label("days"),
            V.status,
        )
        .join(VERSIONS, V.case_number == UNDONE.case_number)
        .where(course.undone(scope.instant, *scope.period.filled()), course.soon())
        .where(scope.board.known, *scope.board.conditions(scope.view))
        .order_by(UNDONE.closed_at.desc(), UNDONE.case_number)
        .limit(NEWEST)
    )


def _closed(frame: pd.DataFrame) -> int:
    return int(frame["closed"].sum())


REOPEN_RATE = Panel(
    name="reopen_rate",
    title="Reopen rate",
    question=f"Which part of the closed cases was reopened within {AGAIN_DAYS} days?",
    state="all",
    columns=(
        Measure("day", "Closed in the step from"),
        Measure("closed", "Closed", "cases"),
        Measure("reopened", f"Reopened within {AGAIN_DAYS} days", "cases"),
        Measure("rate", "Reopen rate", "%"),
        Measure("whole", f"{AGAIN_DAYS} days over"),
    ),
    select=rate_select,
    figure=rate_figure,
    n=_closed,
    rows=rate_rows,
    period=True,
)
REOPENED = Panel(
    name="reopened",
    title="Reopened cases",
    question=f"Which cases were reopened within {AGAIN_DAYS} days? The latest {NEWEST}.",
    state="all",
    columns=(
        Measure("number", "Case"),
        Measure("severity", "Severity"),
        Measure("account", "Account"),
        Measure("closed", "Closed"),
        Measure("again", "Reopened"),
        Measure("days", "Closed for", "days"),
        Measure("status", "Status now"),
    ),
    select=reopened_select,
    figure=reopened_figure,
    n=len,
    period=True,
)
