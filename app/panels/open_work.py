"""How old the open cases are, against how long cases of their severity usually take."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Double,
    Integer,
    Select,
    cast,
    func,
    literal,
    select,
)  # fmt: skip

from app import course
from app.lengths import Length, length_words, narrowed
from app.panel import Measure, Panel, Row, total
from app.panels.durations import BARS, EDGES
from app.panels.open_work_figure import ageing_figure
from app.scope import Scope
from app.theme import Figure
from app.versions import VERSIONS, V
from app.view import View

# Filters that hardly a closed case can meet: they choose open ones, not what these compare with.
ONLY_OPEN = (
    "status", "waiting_on", "card", "card_status", "sla", "stale", "recent", "days_to_relief",
    "days_to_resolution", "days_to_close", "closing", "reopened", "escalated", "escalation",
    "created_from", "created_to", "updated_from", "updated_to", "bugs",
)  # fmt: skip


def ageing_select(scope: Scope) -> Select[Any]:
    """Per severity: open cases by age, and how many are older than 85 % of the closed ones got.

    The yardstick is the 85th percentile of the time to close of the cases closed in the period,
    under those filters of the View that a closed case can meet as well.
    """
    usual = _usual(scope)
    board = scope.board
    created = V.created_date
    # To the microsecond, as instants are: what is older was created before this.
    before = literal(scope.instant) - usual.c.p85 * literal(timedelta(days=1))
    seconds = course.seconds_between(created, cast(literal(scope.instant), created.type))
    in_status = course.days_between(V.status_since, cast(literal(scope.instant), created.type))
    cases = (
        select(
            func.coalesce(V.severity, 0).label("severity"),
            seconds.label("seconds"),
            in_status.label("in_status"),
            usual.c.p85,
            usual.c.n.label("compared"),
            before.label("before"),
            func.coalesce(created < before, False).label("beyond"),
        )
        .select_from(VERSIONS.outerjoin(usual, usual.c.severity == func.coalesce(V.severity, 0)))
        .where(board.known, *board.conditions(scope.view.but(state="open")))
        .cte("open_cases")
    )
    summary = (
        select(
            cases.c.severity,
            cast(func.count(), Integer).label("open"),
            func.coalesce(func.max(cases.c.compared), 0).label("compared"),
            func.max(cases.c.p85).label("p85"),
            func.max(cases.c.before).label("before"),
            (_median(cases.c.seconds) / course.SECONDS_PER_DAY).label("age"),
            _median(cases.c.in_status).label("in_status"),
        )
        .group_by(cases.c.severity)
        .cte("summary")
    )
    bars = _bars(cases)
    told = ("open", "compared", "p85", "before", "age", "in_status")
    return (
        select(
            func.nullif(summary.c.severity, 0).label("severity"),
            *(summary.c[name] for name in told),
            *(column for column in bars.c if column.name != "severity"),
        )
        .join(bars, bars.c.severity == summary.c.severity)
        .order_by(func.nullif(summary.c.severity, 0).asc().nulls_last())
    )


def _median(values: ColumnElement[float]) -> ColumnElement[float]:
    return cast(func.percentile_cont(0.5).within_group(values.asc()), Double)


def _bars(cases: CTE) -> CTE:
    """By severity: how many are beyond the yardstick, and a column per bar and side of it."""
    edges = cast([edge.total_seconds() for edge in EDGES], ARRAY(Double))
    place = func.width_bucket(cases.c.seconds, edges)
    # Counted by bar first: a condition per bar and case would cost more than all the rest.
    binned = (
        select(cases.c.severity, cases.c.beyond, place.label("bin"), func.count().label("cases"))
        .group_by(cases.c.severity, cases.c.beyond, place)
        .cte("binned")
    )

    def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return cast(func.coalesce(func.sum(binned.c.cases).filter(condition), 0), Integer)

    return (
        select(
            binned.c.severity,
            counted(binned.c.beyond).label("beyond"),
            *(
                counted(side & (binned.c.bin == number)).label(f"{name}_{number}")
                for name, side in (("usual", ~binned.c.beyond), ("late", binned.c.beyond))
                for number in range(len(BARS))
            ),
        )
        .group_by(binned.c.severity)
        .cte("bars")
    )


def _usual(scope: Scope) -> CTE:
    """By severity: how many were closed in the period, and the 85th percentile of their days."""
    board, closed = scope.board, V.closed_at
    default = View()
    kept = scope.view.but(**{name: getattr(default, name) for name in ONLY_OPEN})
    days = course.days_between(V.created_date, closed)
    return (
        select(
            func.coalesce(V.severity, 0).label("severity"),
            func.count().label("n"),
            func.percentile_cont(0.85).within_group(days.asc()).label("p85"),
        )
        .where(board.known, *board.conditions(kept.but(state="closed")))
        .where(course.last_closed(*scope.period.filled()))
        .group_by(func.coalesce(V.severity, 0))
        .cte("usual")
    )


def ageing_rows(row: Row, scope: Scope) -> Mapping[str, View]:
    """The open cases that a number counts: by age, and on which side of the yardstick."""
    open_ = scope.view.but(state="open", severity=(int(row["severity"] or 0),))
    found = {"open": open_}
    told = row["before"]
    before = told.to_pydatetime() if isinstance(told, pd.Timestamp) else None
    if before is not None:
        found["beyond"] = _created(open_, None, before)
    for number, span in enumerate(BARS):
        waiting = Length(span.start, span.end, reached=False)
        spans = narrowed(scope.view.days_to_close, [waiting])
        if not spans:
            continue
        aged = open_.but(days_to_close=spans)
        found[f"usual_{number}"] = _created(aged, before, None)
        if before is not None:
            found[f"late_{number}"] = _created(aged, None, before)
    return found


def _created(view: View, start: datetime | None, end: datetime | None) -> View:
    """The View's cases that were created in `[start, end)`."""
    starts = [moment for moment in (start, view.created_from) if moment]
    ends = [moment for moment in (end, view.created_to) if moment]
    return view.but(created_from=max(starts, default=None), created_to=min(ends, default=None))


def _figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    def late(row: Row) -> str:
        beyond = ageing_rows(row, scope).get("beyond")
        return beyond.url("/cases") if beyond else ""

    return ageing_figure(frame, late)


AGEING = Panel(
    name="ageing",
    title="Ageing of open work",
    question="Which open cases are older than 85 % of the closed ones ever got?",
    state="open",
    columns=(
        Measure("severity", "Severity"),
        Measure("open", "Open", "cases"),
        Measure("beyond", "Older than the 85th percentile", "cases"),
        Measure("p85", "85th percentile of time to close", "days"),
        Measure("compared", "Closed in the period", "to compare with"),
        Measure("before", "Older ones were created before"),
        Measure("age", "Median age", "days"),
        Measure("in_status", "Median time in status", "days"),
        *(
            Measure(f"{name}_{number}", f"{words}: {length_words(span.start, span.end)}", "cases")
            for name, words in (("usual", "Within"), ("late", "Older"))
            for number, span in enumerate(BARS)
        ),
    ),
    select=ageing_select,
    figure=_figure,
    n=total("open"),
    rows=ageing_rows,
    period=True,
)
