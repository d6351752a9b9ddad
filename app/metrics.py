"""The metric catalogue: each number once, with its name, meaning, unit and population.

Pages, API and CSV read this list. A `Count` is defined by the View whose rows it counts, so that
the table behind a number has exactly that many rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isnan
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    cast,
    exists,
    func,
    select,
    true,
)

from app.board import Board
from app.course import days_between
from app.database import read, snapshot
from app.fence import fenced
from app.halves import Half, of_all
from app.links import linked, targeted
from app.models import CaseBug
from app.percentiles import collected, summary
from app.rows import records
from app.scope import Scope
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
    scope = Scope(view, instant, live)
    values: dict[str, Any] = dict(count_values(view, instant, live=live, connection=connection))
    bugs = read(linked_bugs(view, scope.board), connection=connection).iloc[0]
    values |= {str(name): int(number) for name, number in bugs.items()}
    for metric in METRICS:
        if isinstance(metric, Breakdown):
            asked = grouped(view.but(state="open"), instant, metric.column, live=live)
            frame = read(asked, connection=connection)
            values[metric.name] = {
                _key(value): int(number)
                for value, number in zip(frame.iloc[:, 0], frame["cases"], strict=True)
            }
        elif isinstance(metric, Duration):
            frame = read(durations(scope, metric.column), connection=connection)
            values[metric.name] = records(frame)
    return {metric.name: {"value": values[metric.name], "unit": metric.unit} for metric in METRICS}


def board_values(
    instant: datetime, *, connection: Connection | None = None
) -> dict[str, dict[str, Any]]:
    """The whole catalogue of the whole board at an instant."""
    return catalogue_values(View(), instant, connection=connection)


def durations(scope: Scope, column: str) -> Select[Any]:
    """Days from creation to a milestone by severity: severity, n, mean, p50, p85, p95.

    They are of the cases, open and closed, that have reached it at the instant.
    """

    def told(half: Half) -> list[ColumnElement[Any]]:
        severity = func.coalesce(V.severity, 0).label("severity")
        return [severity, days_between(V.created_date, half.moment(column)).label("days")]

    reached = of_all(scope, told, lambda half: [half.moment(column) <= scope.instant])
    timed = fenced(reached, "timed")
    day = cast(func.floor(timed.c.days), Integer).label("day")
    bins = (
        select(timed.c.severity, day, *collected(timed.c.days, true()))
        .group_by(timed.c.severity, day)
        .cte("bins")
    )
    found = summary(bins, ["day"], PERCENTILES)
    severity = func.nullif(found.c.severity, 0).label("severity")
    numbers = (found.c[name] for name in ("n", "mean", *PERCENTILES))
    return select(severity, *numbers).order_by(severity.asc().nulls_last())


def linked_bugs(view: View, board: Board) -> Select[Any]:
    """How many distinct bugs the open cases of a View are linked to: a column by `BugCount`."""
    instant = board.instant
    found = (
        select(CaseBug.tracker, CaseBug.key)
        .distinct()
        .select_from(VERSIONS)
        .join(CaseBug, linked(instant))
        .where(board.known, *board.conditions(view.but(state="open")))
        .subquery("found")
    )
    aimed = exists().where(targeted(found.c.tracker, found.c.key, instant)).correlate(found)
    numbers: list[Any] = [
        func.count().filter(~aimed if metric.untargeted else true()).label(metric.name)
        for metric in METRICS
        if isinstance(metric, BugCount)
    ]
    return select(*numbers).select_from(found)


def _key(value: Any) -> str:
    """A group's value as a JSON key; the empty string stands for "not set"."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) else str(value)
