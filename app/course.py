"""The course of a case as SQL beside a version `V`: its milestones, its closings, their undoing.

A closing is the latest one of a case, or one that a reopening followed. `UNDONE` are the versions
that begin with a reopening; their `closed_at` is the closing that they undo.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, case, func, or_, select

from app.lengths import Length, read_length
from app.links import Instant
from app.models import CaseVersion
from app.versions import V
from app.view import View

Condition = ColumnElement[bool]
AGAIN_DAYS = 14
AGAIN = timedelta(days=AGAIN_DAYS)
SECONDS_PER_DAY = 86_400.0

# By column of the table: when it was reached, and the filter by how long it took.
MILESTONES: dict[str, ColumnElement[Any]] = {
    "relief": V.relief_at,
    "resolved": V.resolved_at,
    "closed": case((~V.is_open, V.closed_at)),
}
FILTERS = {
    "days_to_relief": "relief",
    "days_to_resolution": "resolved",
    "days_to_close": "closed",
}

_REOPENED = CaseVersion.__table__.alias("reopened")
UNDONE = _REOPENED.c


def filters(view: View, instant: Instant) -> list[Condition]:
    """What a View asks of the course that a case took up to an instant."""
    asked: list[Condition] = []
    for name, column in FILTERS.items():
        spans = [span for span in map(read_length, getattr(view, name)) if span]
        if spans:
            asked.append(or_(*(_took(column, instant, span) for span in spans)))
    if view.closing:
        start, end = view.closing
        earlier = select(UNDONE.case_number).where(undone(instant, start, end))
        asked.append(or_(last_closed(start, end), V.case_number.in_(earlier)))
    if view.reopened:
        again = select(UNDONE.case_number).where(undone(instant, *view.reopened), soon())
        asked.append(V.case_number.in_(again))
    return asked


def reached(column: str, instant: Instant) -> Condition:
    """The milestone was reached by an instant."""
    return func.coalesce(MILESTONES[column] <= instant, False)


def until(column: str, instant: Instant) -> ColumnElement[datetime]:
    """When a milestone was reached; else the case's closing, or the instant while it is open.

    After its closing nobody can see a case reach anything more.
    """
    return case(
        (reached(column, instant), MILESTONES[column]),
        (V.is_open, instant),
        else_=func.coalesce(V.closed_at, instant),
    )


def seconds_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
    """Seconds from one instant to another, to the microsecond."""
    # extract() would make exact numbers, which are slow; adding days to an instant would go by the
    # calendar of the reader's zone, whose days may have 23 or 25 hours.
    return func.date_part("epoch", end - start, type_=Float)


def days_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
    """Days of 24 hours from one instant to another."""
    return seconds_between(start, end) / SECONDS_PER_DAY


def undone(instant: Instant, start: datetime, end: datetime) -> Condition:
    """Closings of `[start, end)` that a reopening had followed by an instant."""
    return and_(
        UNDONE.event == "reopened",
        # A reopening comes after its closing: this lets the index of events begin at the start.
        UNDONE.valid_from >= start,
        UNDONE.valid_from <= instant,
        UNDONE.closed_at >= start,
        UNDONE.closed_at < end,
    )


def soon() -> Condition:
    """The reopening came within `AGAIN_DAYS` of the closing."""
    return seconds_between(UNDONE.closed_at, UNDONE.valid_from) <= AGAIN.total_seconds()


def last_closed(start: datetime, end: datetime) -> Condition:
    """The case is closed, and its latest closing lies in `[start, end)`."""
    return and_(~V.is_open, V.closed_at >= start, V.closed_at < end)


def _took(column: str, instant: Instant, span: Length) -> Condition:
    """A case took so long to a milestone, or waits for it so long."""
    came = reached(column, instant)
    seconds = seconds_between(V.created_date, until(column, instant))
    asked = [came if span.reached else ~came]
    if span.start is not None:
        asked.append(seconds >= span.start.total_seconds())
    if span.end is not None:
        asked.append(seconds < span.end.total_seconds())
    return and_(*asked)
