"""Counts of the catalogue out of the hourly roll-up `open_steps`, where it can tell them.

It can where the filters are its own and the instants end whole hours; the one asked last may lie
within an hour, of which the versions of the cases that changed in it tell the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)

from app.metrics import COUNTS, DAY, WEEK, Count
from app.models import BugSpan, OpenStep
from app.readings import readings
from app.scope import Scope
from app.series import place_of, running, steps_of
from app.versions import TICK, V
from app.view import View

ROLLED = {"state", "severity", "escalated", "crit_sit", "escalation"}
STEPS = OpenStep.__table__.c
# The counts that have a column of their own, beside those that rows are told apart by.
STEPPED = {count.name for count in COUNTS} & {one.name for one in STEPS if not one.primary_key}


def rolls(scope: Scope, edges: Sequence[datetime]) -> bool:
    """Whether the roll-up can answer: its filters alone, and days that begin at whole hours."""
    inner = edges if edges[-1] != scope.instant else edges[:-1]
    return set(scope.view.filters()) <= ROLLED and all(
        edge + TICK == whole_hour(edge + TICK) for edge in inner
    )


def knows(count: Count) -> bool:
    """Whether the roll-up tells a count."""
    return count.name in STEPPED or (not count.since and set(count.only) <= ROLLED)


def whole_hour(moment: datetime) -> datetime:
    """The start of the hour (UTC) of an instant."""
    return moment.replace(minute=0, second=0, microsecond=0)


def rolled(scope: Scope, counts: Sequence[Count], instants: Sequence[datetime]) -> Select[Any]:
    """Counts at rising instants that `rolls` allows: `place` and a column per count."""
    names, last = [count.name for count in counts], instants[-1]
    # Of the hour of an instant in its midst the roll-up knows what came and went, not when.
    parted = last == scope.instant and last + TICK != whole_hour(last + TICK)
    bounds = [edge + TICK for edge in instants]
    if parted:
        bounds[-1] = whole_hour(last)
    place = place_of(STEPS.hour + TICK, bounds)
    hours = (
        select(
            place.label("place"),
            *(func.sum(_step(count)).label(count.name) for count in counts),
        )
        .where(*rolled_filters(scope.view), STEPS.hour >= bounds[0])
        .group_by(place)
        .cte()
    )
    # All steps of a count add up to nothing: those to come are its value now, taken away.
    sums = (func.coalesce(-func.sum(hours.c[name]), 0).label(name) for name in names)
    steps = [select(literal(0).label("place"), *sums), select(hours)]
    if parted:
        steps.append(_since(bounds[-1], scope, counts, len(instants) - 1))
    return running(steps, names, len(instants))


def _step(count: Count) -> ColumnElement[Any]:
    """What a row of the roll-up adds to a count."""
    if count.name in STEPPED:
        return STEPS[count.name]
    asked = rolled_filters(View(**count.only))
    step = STEPS.step + STEPS.lasting
    return case((asked[0], step), else_=0) if asked else step


def _since(hour: datetime, scope: Scope, counts: Sequence[Count], place: int) -> Select[Any]:
    """The steps of an hour that is not over at the instant."""
    names, instants = [count.name for count in counts], [hour - TICK, scope.instant]
    moved = union(*_changed(hour, scope.instant, counts)).cte()
    changed = V.case_number.in_(select(moved.c.case_number))
    told = []
    for reading in readings(scope.view, scope.board, counts, scope.instant):
        base = replace(reading.base, where=(*reading.base.where, changed))
        told.append(steps_of(replace(reading, base=base), names, instants))
    steps = union_all(*told).subquery("lately")
    # Place 0 is what was there before the hour, place 2 what comes after the instant.
    return select(
        literal(place).label("place"),
        *(func.coalesce(func.sum(steps.c[name]), 0).label(name) for name in names),
    ).where(steps.c.place == 1)


def _changed(start: datetime, end: datetime, counts: Sequence[Count]) -> Iterator[Select[Any]]:
    """The cases whose part in some counts may change in `[start, end]`."""
    marks = {count.since[0] for count in counts if count.since}
    marks |= {name for count in counts for name in count.only}
    case_number = select(V.case_number)
    yield case_number.where(V.valid_from >= start, V.valid_from <= end)
    if "stale" in marks:
        yield case_number.where(V.updated_at >= start - WEEK, V.updated_at <= end - WEEK)
    if "bugs" in marks:
        spans = BugSpan.__table__.c
        yield select(spans.case_number).where(spans.valid_from >= start, spans.valid_from <= end)
        yield select(spans.case_number).where(spans.valid_to >= start, spans.valid_to <= end)
    for name, moment in (("created", V.created_date), ("closed", V.closed_at)):
        if name in marks:
            lately = case_number.where(~V.gone, moment.is_not(None), V.valid_from - moment < WEEK)
            for span in (DAY, WEEK):
                yield lately.where(moment >= start - span, moment <= end - span)


def rolled_filters(view: View) -> list[ColumnElement[bool]]:
    """What a View asks of a row of the roll-up."""
    asked: list[ColumnElement[bool]] = []
    if view.severity:
        asked.append(STEPS.severity.in_(view.severity))
    if view.escalated:
        asked.append(STEPS.escalated.in_(view.escalated))
    if view.crit_sit:
        asked.append(STEPS.crit_sit.in_([value == "yes" for value in view.crit_sit]))
    if view.escalation:
        asked.append(or_(STEPS.escalated == "yes", STEPS.crit_sit))
    return asked
