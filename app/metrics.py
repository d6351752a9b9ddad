"""The metric catalogue: each number once, with its name, meaning, unit and population.

Pages, API and CSV read this list. A `Count` is defined by the View whose rows it counts, so that
the table behind a number has exactly that many rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isnan
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, distinct, exists, func, select

from app import course
from app.board import Board
from app.database import read, snapshot
from app.links import linked, targeted
from app.models import CaseBug
from app.rows import records
from app.selection import counts, grouped
from app.versions import TICK, VERSIONS, V
from app.view import View

HIGH = (1, 2)
PERCENTILES = {"p50": 0.5, "p85": 0.85, "p95": 0.95}
STALE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Count:
    """A number of cases: those of a View that are open and pass `only` (filters by name) as well.

    With `since` = (`created` or `closed`, span) it counts instead those created or closed within
    the span up to the instant, whatever their state then. `better` tells which way is good news:
    down, up, or neither.
    """

    name: str
    label: str
    formula: str
    only: Mapping[str, Any] = field(default_factory=dict)
    since: tuple[str, timedelta] | None = None
    better: Literal["up", "down", ""] = ""
    unit: str = "cases"

    def rows(self, view: View, instant: datetime) -> View | None:
        """The View that lists the counted cases; None where the View's filters leave none."""
        if self.since:
            name, span = f"{self.since[0]}_from", self.since[1]
            start = instant - span + TICK
            return view.but(state="all", **{name: max(start, getattr(view, name) or start)})
        narrowed = {name: _both(getattr(view, name), asked) for name, asked in self.only.items()}
        if any(asked == () for asked in narrowed.values()):
            return None
        return view.but(state="open", **narrowed)


def _both(asked: Any, wanted: Any) -> Any:
    """What passes two filters of one name."""
    if isinstance(wanted, tuple):
        return tuple(value for value in wanted if value in asked) if asked else wanted
    return wanted if asked is None else max(asked, wanted)


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


DAY, WEEK = timedelta(hours=24), timedelta(days=7)

METRICS: tuple[Metric, ...] = (
    Count("open_cases", "Open cases", "created <= T and not closed at T", better="down"),
    Count(
        "high_priority",
        "Urgent and high",
        "open, severity 1 or 2",
        only={"severity": HIGH},
        better="down",
    ),
    Count(
        "escalated",
        "Prio-list",
        "open and on the prio-list",
        only={"escalated": ("yes",)},
        better="down",
    ),
    Count(
        "crit_sit",
        "Critical situations",
        "open and flagged critical",
        only={"crit_sit": ("yes",)},
        better="down",
    ),
    Count(
        "total_escalations",
        "Escalations",
        "open and (on the prio-list or flagged critical)",
        only={"escalation": ("any",)},
        better="down",
    ),
    Count("opened_last_day", "Opened, last day", "created in (T-24 h, T]", since=("created", DAY)),
    Count(
        "opened_last_week", "Opened, last week", "created in (T-7 d, T]", since=("created", WEEK)
    ),
    Count("closed_last_day", "Closed, last day", "closed in (T-24 h, T]", since=("closed", DAY)),
    Count(
        "closed_last_week",
        "Closed, last week",
        "closed in (T-7 d, T]",
        since=("closed", WEEK),
        better="up",
    ),
    Count(
        "no_updates",
        "No update for 7 days",
        "open, last update <= T-7 d",
        only={"stale": STALE_DAYS},
        better="down",
    ),
    Count(
        "at_risk",
        "SLA at risk",
        "open, between half and the whole of the SLA target used up",
        only={"sla": ("at_risk",)},
        better="down",
    ),
    Count(
        "breached",
        "SLA breached",
        "open, elapsed >= SLA target",
        only={"sla": ("breached",)},
        better="down",
    ),
    Count(
        "no_bugs",
        "Without bug",
        "open, with no bug or JIRA issue linked",
        only={"bugs": ("none",)},
    ),
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
    view: View, instant: datetime, *, live: bool = False, connection: Connection | None = None
) -> dict[str, int]:
    """Every `Count` of the catalogue for a View at an instant, in one statement."""
    asked = {metric.name: metric.rows(view, instant) for metric in COUNTS}
    possible = {name: rows for name, rows in asked.items() if rows is not None}
    answer = read(counts(possible, instant, live=live), connection=connection).iloc[0]
    return {name: int(answer[name]) if name in possible else 0 for name in asked}


def catalogue_values(
    view: View, instant: datetime, *, live: bool = False, connection: Connection | None = None
) -> dict[str, dict[str, Any]]:
    """The whole catalogue at an instant, from one snapshot: `{name: {"value", "unit"}}`.

    With `connection` the snapshot is that transaction's.
    """
    if connection is None:
        with snapshot() as own:
            return catalogue_values(view, instant, live=live, connection=own)
    board = Board.at(instant, live=live)
    values: dict[str, Any] = dict(count_values(view, instant, live=live, connection=connection))
    for metric in METRICS:
        if isinstance(metric, Breakdown):
            asked = grouped(view.but(state="open"), instant, metric.column, live=live)
            frame = read(asked, connection=connection)
            values[metric.name] = {
                _key(value): int(number)
                for value, number in zip(frame.iloc[:, 0], frame["cases"], strict=True)
            }
        elif isinstance(metric, Duration):
            frame = read(durations(view, board, metric.column), connection=connection)
            values[metric.name] = records(frame)
        elif isinstance(metric, BugCount):
            frame = read(linked_bugs(view, board, metric.untargeted), connection=connection)
            values[metric.name] = int(frame["bugs"].iloc[0])
    return {metric.name: {"value": values[metric.name], "unit": metric.unit} for metric in METRICS}


def board_values(
    instant: datetime, *, connection: Connection | None = None
) -> dict[str, dict[str, Any]]:
    """The whole catalogue of the whole board at an instant."""
    return catalogue_values(View(), instant, connection=connection)


def durations(view: View, board: Board, column: str) -> Select[Any]:
    """Days from creation to a milestone by severity: severity, n, mean, p50, p85, p95."""
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


def linked_bugs(view: View, board: Board, untargeted: bool) -> Select[Any]:
    """How many distinct bugs the open cases of a View are linked to."""
    instant = board.instant
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
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) else str(value)
