"""The metric catalogue: each number once, with its name, meaning, unit and population.

Pages, API and CSV read this list. A `Count` is defined by the View whose rows it counts, so that
the table behind a number has exactly that many rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, distinct, exists, func, select

from app import course
from app.board import Board
from app.database import read, records, snapshot
from app.links import linked, targeted
from app.models import CaseBug
from app.selection import counts, grouped
from app.versions import TICK, VERSIONS, V
from app.view import View

HIGH = (1, 2)
PERCENTILES = {"p50": 0.5, "p85": 0.85, "p95": 0.95}
STALE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Count:
    """A number of cases. `rows(view, instant)` is the View that lists them, None if none can match.

    `better` tells which way is good news: down, up, or neither.
    """

    name: str
    label: str
    formula: str
    rows: Callable[[View, datetime], View | None]
    better: Literal["up", "down", ""] = ""
    unit: str = "cases"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Open cases by one column; the value is `{value of the column: cases}`, most first."""

    name: str
    label: str
    column: str
    unit: str = "cases"


@dataclass(frozen=True, slots=True)
class Duration:
    """Days from creation to a milestone, of open and closed cases that have reached it.

    The value is a list per severity of `n, mean, p50, p85, p95`; percentiles interpolate
    (`percentile_cont`). Cases that have not reached the milestone at the instant do not count.
    """

    name: str
    label: str
    column: str
    unit: str = "days"


@dataclass(frozen=True, slots=True)
class BugCount:
    """Distinct bugs and issues linked to the open cases of the View."""

    name: str
    label: str
    untargeted: bool
    unit: str = "bugs"


Metric = Count | Breakdown | Duration | BugCount


def _open(view: View, _instant: datetime) -> View:
    return view.but(state="open")


def _high(view: View, _instant: datetime) -> View | None:
    asked = tuple(number for number in HIGH if not view.severity or number in view.severity)
    return view.but(state="open", severity=asked) if asked else None


def _escalated(view: View, _instant: datetime) -> View | None:
    if view.escalated and "yes" not in view.escalated:
        return None
    return view.but(state="open", escalated=("yes",))


def _crit_sit(view: View, _instant: datetime) -> View | None:
    if view.crit_sit and "yes" not in view.crit_sit:
        return None
    return view.but(state="open", crit_sit=("yes",))


def _no_bugs(view: View, _instant: datetime) -> View | None:
    if view.bugs and "none" not in view.bugs:
        return None
    return view.but(state="open", bugs=("none",))


def _stale(view: View, _instant: datetime) -> View:
    return view.but(state="open", stale=max(STALE_DAYS, view.stale or 0))


def _since(field: str, span: timedelta) -> Callable[[View, datetime], View | None]:
    """Cases whose `field` lies in (T - span, T], whatever their state at T."""

    def rows(view: View, instant: datetime) -> View:
        start = instant - span + TICK
        earlier = getattr(view, f"{field}_from")
        return view.but(state="all", **{f"{field}_from": max(start, earlier or start)})

    return rows


DAY, WEEK = timedelta(hours=24), timedelta(days=7)

METRICS: tuple[Metric, ...] = (
    Count("open_cases", "Open cases", "created <= T and not closed at T", _open, "down"),
    Count("high_priority", "Urgent and high", "open, severity 1 or 2", _high, "down"),
    Count("escalated", "Prio-list", "open and on the prio-list", _escalated, "down"),
    Count("crit_sit", "Critical situations", "open and flagged critical", _crit_sit, "down"),
    Count(
        "total_escalations",
        "Escalations",
        "open and (on the prio-list or flagged critical)",
        lambda view, _instant: view.but(state="open", escalation=("any",)),
        "down",
    ),
    Count("opened_last_day", "Opened, last day", "created in (T-24 h, T]", _since("created", DAY)),
    Count(
        "opened_last_week", "Opened, last week", "created in (T-7 d, T]", _since("created", WEEK)
    ),
    Count("closed_last_day", "Closed, last day", "closed in (T-24 h, T]", _since("closed", DAY)),
    Count(
        "closed_last_week",
        "Closed, last week",
        "closed in (T-7 d, T]",
        _since("closed", WEEK),
        "up",
    ),
    Count("no_updates", "No update for 7 days", "open, last update <= T-7 d", _stale, "down"),
    Count("no_bugs", "Without bug", "open, with no bug or JIRA issue linked", _no_bugs),
    BugCount("bugs_unique", "Bugs behind open cases", untargeted=False),
    BugCount("bugs_no_target", "Bugs without target", untargeted=True),
    Breakdown("by_account", "Open by account", "account"),
    Breakdown("by_engineer", "Open by engineer", "engineer"),
    Breakdown("by_severity", "Open by severity", "severity"),
    Breakdown("by_status", "Open by status", "status"),
    Breakdown("by_card_status", "Open by card status", "card_status"),
    Breakdown("by_product", "Open by product", "product"),
    Duration("time_to_relief", "Time to relief", "relief"),
    Duration("time_to_resolution", "Time to resolution", "resolved"),
    Duration("time_to_close", "Time to close", "closed"),
)

CATALOGUE: dict[str, Metric] = {metric.name: metric for metric in METRICS}
COUNTS: tuple[Count, ...] = tuple(metric for metric in METRICS if isinstance(metric, Count))


def count_values(
    view: View, instant: datetime, *, connection: Connection | None = None
) -> dict[str, int]:
    """Every `Count` of the catalogue for a View at an instant, in one statement."""
    asked = {metric.name: metric.rows(view, instant) for metric in COUNTS}
    possible = {name: rows for name, rows in asked.items() if rows is not None}
    answer = read(counts(possible, instant), connection=connection).iloc[0]
    return {name: int(answer[name]) if name in possible else 0 for name in asked}


def catalogue_values(view: View, instant: datetime) -> dict[str, dict[str, Any]]:
    """The whole catalogue at an instant, from one snapshot: `{name: {"value", "unit"}}`."""
    with snapshot() as connection:
        values: dict[str, Any] = dict(count_values(view, instant, connection=connection))
        for metric in METRICS:
            if isinstance(metric, Breakdown):
                frame = read(
                    grouped(view.but(state="open"), instant, metric.column), connection=connection
                )
                values[metric.name] = {
                    _key(value): int(number)
                    for value, number in zip(frame.iloc[:, 0], frame["cases"], strict=True)
                }
            elif isinstance(metric, Duration):
                frame = read(durations(view, instant, metric.column), connection=connection)
                values[metric.name] = records(frame)
            elif isinstance(metric, BugCount):
                frame = read(linked_bugs(view, instant, metric.untargeted), connection=connection)
                values[metric.name] = int(frame["bugs"].iloc[0])
    return {metric.name: {"value": values[metric.name], "unit": metric.unit} for metric in METRICS}


def board_values(instant: datetime) -> dict[str, dict[str, Any]]:
    """The whole catalogue of the whole board at an instant."""
    return catalogue_values(View(), instant)


def durations(view: View, instant: datetime, column: str) -> Select[Any]:
    """Days from creation to a milestone by severity: severity, n, mean, p50, p85, p95."""
    board = Board.at(instant)
    days = days_until(board, column)
    return (
        select(V.severity.label("severity"), *summarised(days))
        .where(*reached(board, view, column))
        .group_by(V.severity)
        .order_by(V.severity.asc().nulls_last())
    )


def summarised(days: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """What is told of durations: n, mean, p50, p85, p95 (percentiles interpolate)."""
    return [
        func.count(days).label("n"),
        func.avg(days).label("mean"),
        *(
            func.percentile_cont(share).within_group(days.asc()).label(name)
            for name, share in PERCENTILES.items()
        ),
    ]


def days_until(board: Board, column: str) -> Any:
    """Days from creation to a milestone column: relief, resolved or closed."""
    return course.days_between(V.created_date, board.expression(column))


def reached(board: Board, view: View, column: str) -> list[Any]:
    """The cases, open and closed, that have reached the milestone at the board's instant."""
    milestone = board.expression(column)
    return [board.known, *board.conditions(view.but(state="all")), milestone <= board.instant]


def linked_bugs(view: View, instant: datetime, untargeted: bool) -> Select[Any]:
    """How many distinct bugs the open cases of a View are linked to."""
    board = Board.at(instant)
    statement = (
        select(func.count(distinct(func.row(CaseBug.tracker, CaseBug.key))).label("bugs"))
        .select_from(VERSIONS)
        .join(CaseBug, linked(instant))
        .where(board.known, *board.conditions(view.but(state="open")))
    )
    if untargeted:
        statement = statement.where(~exists().where(targeted(instant)).correlate(CaseBug))
    return statement


def _key(value: Any) -> str:
    """A group's value as a JSON key; the empty string stands for "not set"."""
    if pd.isna(value):
        return ""
    return str(int(value)) if isinstance(value, float) else str(value)
