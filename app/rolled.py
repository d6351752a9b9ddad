"""Counts of the catalogue out of the roll-up of hours and days, where it can tell them.

It can where the filters are its own and the instants end whole hours; the one asked last may lie
within an hour, of which the versions of the cases that changed in it tell the rest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SelectBase,
    case,
    false,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)

from app.added_up import (
    HOUR,
    Columns,
    Rolled,
    added_up,
    ends_hour,
    from_the_end,
    rolled_by,
    whole_hour,
)
from app.metrics import COUNTS, DAY, WEEK, Count
from app.models import BugSpan, OpenStep, OpenStepByDay
from app.parted_hour import moved_since, parted_hour, within_hour
from app.readings import readings
from app.scope import Scope
from app.selection import count
from app.series import running, steps_of
from app.targets import passing
from app.versions import TICK, V
from app.view import View

# The fields whose values it knows.
VALUES = {"severity"}
ROLLED = {"state", "severity", "escalated", "crit_sit", "escalation"}
CLOCKS = {"at_risk", "breached"}
# Those that change with time alone, so that steps of theirs are known before they come.
AHEAD = {"no_updates", *CLOCKS, *(count.name for count in COUNTS if count.since)}
HOURS: Columns = OpenStep.__table__.c
# The counts that have a column of their own, beside those that rows are told apart by.
STEPPED = {count.name for count in COUNTS} & {one.name for one in HOURS if not one.primary_key}


def rolls(scope: Scope, edges: Sequence[datetime]) -> bool:
    """Whether the roll-up can answer: its filters alone, and days that begin at whole hours."""
    inner = edges[:-1] if edges[-1] == scope.instant else edges
    return set(scope.view.filters()) <= ROLLED and all(map(ends_hour, inner))


def knows(count: Count, scope: Scope) -> bool:
    """Whether the roll-up tells a count."""
    if count.name in CLOCKS:
        return _knows_policies(scope)
    return count.name in STEPPED or (not count.since and set(count.only) <= ROLLED)


def _knows_policies(scope: Scope) -> bool:
    """Whether it goes by all policies, and none begins in the hour of the instant.

    Of that hour it is asked which clocks pass a mark; a new policy moves the marks of all.
    """
    policies, hour = scope.board.policies, whole_hour(scope.instant)
    begun = (span.start for span in policies if span.start)
    return all(span.rolled for span in policies) and all(
        not hour <= start <= scope.instant for start in begun
    )


def rolled(scope: Scope, counts: Sequence[Count], instants: Sequence[datetime]) -> Select[Any]:
    """Counts at rising instants that `rolls` allows: `place` and a column per count."""
    names, last = [count.name for count in counts], instants[-1]
    within = within_hour(scope, instants)
    # What came and went of late is counted by itself at the end of a live board.
    counted = [count for count in counts if within and scope.live and count.since]
    # Of the hour of an instant in its midst the roll-up knows what came and went, not when: it does
    # not matter where nothing can come after the instant.
    parted = [
        one
        for one in counts
        if within and one not in counted and not (scope.live and one.name not in AHEAD)
    ]
    bounds = [edge + TICK for edge in instants]
    if within:
        bounds[-1] = whole_hour(last) if parted else whole_hour(last) + HOUR
    hours = added_up(
        of_counts(scope.view), bounds, lambda told: {one.name: _step(told, one) for one in counts}
    )
    steps = from_the_end(hours, names)
    if parted:
        steps += _in_the_hour(bounds[-1], scope, counts, parted, len(instants) - 1)
    told = running(steps, names, len(instants))
    return _ending_now(told, scope, counted, len(instants) - 1) if counted else told


def _in_the_hour(
    hour: datetime, scope: Scope, counts: Sequence[Count], parted: Sequence[Count], place: int
) -> list[Select[Any]]:
    """The steps of an hour that is not over: of counts to be `parted` by its versions, else all."""
    if len(parted) == len(counts):
        return [_since(hour, scope, counts, place)]
    whole = {one.name: func.sum(_step(HOURS, one)) for one in counts if one not in parted}
    told = _since(hour, scope, parted, place).subquery("parted")
    nothing = literal(0)
    return [
        select(
            literal(place).label("place"),
            *(func.coalesce(whole.get(one.name, nothing), 0).label(one.name) for one in counts),
        ).where(HOURS.hour == hour, *rolled_filters(scope.view, HOURS)),
        select(
            told.c.place,
            *((told.c[one.name] if one in parted else nothing).label(one.name) for one in counts),
        ),
    ]


def _ending_now(told: Select[Any], scope: Scope, counts: Sequence[Count], last: int) -> Select[Any]:
    """The same numbers, but that some counts are counted at the last place, as tiles do it."""
    numbers = told.subquery("numbers").c
    columns: dict[str, ColumnElement[Any]] = {
        name: column for name, column in numbers.items() if name != "place"
    }
    for one in counts:
        view = one.rows(scope.view, scope.instant)
        # Today's cases have an index that goes by when they were created; of those closed lately
        # it is that of all versions.
        live = one.since is not None and one.since[0] == "created"
        if view is not None:
            now = count(view, scope.instant, live=live).scalar_subquery()
            columns[one.name] = case((numbers.place == last, now), else_=numbers[one.name])
    return select(
        numbers.place, *(column.label(name) for name, column in columns.items())
    ).order_by(numbers.place)


def rolled_values(scope: Scope, field: str, instants: Sequence[datetime]) -> SelectBase:
    """Open cases by a field of `VALUES` at instants that `rolls` allows.

    `value`, `place`, `step` (by how much they step up from the instant before), and that a value is
    one (`together`), not a `rest`.
    """
    parted = parted_hour(scope, instants)
    bounds = [whole_hour(edge) + HOUR for edge in instants]
    bounds[-1] = parted or bounds[-1]
    hours = added_up(
        of_counts(scope.view, field),
        bounds,
        lambda row: {"step": row.step, "ever": row.step + row.lasting},
    )
    value, zero = hours.c[field].label("value"), literal(0).label("place")
    before = (-func.sum(hours.c.ever)).label("step")
    alone = literal(1).label("together"), false().label("rest")
    steps = [
        select(value, zero, before, *alone).group_by(value),
        select(value, hours.c.place, hours.c.step, *alone),
    ]
    if parted:
        asked, last = scope.board.value_filters(scope.view), literal(len(instants) - 1)
        moved = moved_since(parted, scope.board, field, asked).c
        steps.append(select(moved.value, last.label("place"), moved.step, *alone))
    return union_all(*steps)


def _step(told: Columns, count: Count) -> ColumnElement[Any]:
    """What a row of the roll-up adds to a count."""
    if count.name in STEPPED:
        known: ColumnElement[Any] = told[count.name]
        return known
    asked = rolled_filters(View(**count.only), told)
    step: ColumnElement[Any] = told.step + told.lasting
    return case((asked[0], step), else_=0) if asked else step


def _since(hour: datetime, scope: Scope, counts: Sequence[Count], place: int) -> Select[Any]:
    """The steps of an hour that is not over at the instant."""
    names, instants = [count.name for count in counts], [hour - TICK, scope.instant]
    moved = union(*_changed(hour, scope, counts)).cte()
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


def _changed(start: datetime, scope: Scope, counts: Sequence[Count]) -> Iterator[Select[Any]]:
    """The cases whose part in some counts may change from a moment on up to the instant."""
    end = scope.instant
    marks = {count.since[0] for count in counts if count.since}
    marks |= {name for count in counts for name in count.only}
    case_number = select(V.case_number)
    yield case_number.where(V.valid_from >= start, V.valid_from <= end)
    if "stale" in marks:
        yield case_number.where(V.updated_at >= start - WEEK, V.updated_at <= end - WEEK)
    if "sla" in marks:
        for part in (0.5, 1):
            passed = passing(scope.board.policies, part, start, end)
            yield case_number.where(V.is_open, passed)
    if "bugs" in marks:
        spans = BugSpan.__table__.c
        yield select(spans.case_number).where(spans.valid_from >= start, spans.valid_from <= end)
        yield select(spans.case_number).where(spans.valid_to >= start, spans.valid_to <= end)
    for name, moment in (("created", V.created_date), ("closed", V.closed_at)):
        if name in marks:
            lately = case_number.where(~V.gone, moment.is_not(None), V.valid_from - moment < WEEK)
            for span in (DAY, WEEK):
                yield lately.where(moment >= start - span, moment <= end - span)


def of_counts(view: View, *by: str) -> Rolled:
    """The roll-up of counts, as far as a View asks for it."""
    return rolled_by(OpenStep, OpenStepByDay, partial(rolled_filters, view), by)


def rolled_filters(view: View, told: Columns) -> list[ColumnElement[bool]]:
    """What a View asks of a row of the roll-up."""
    asked: list[ColumnElement[bool]] = []
    if view.severity:
        asked.append(told.severity.in_(view.severity))
    if view.escalated:
        asked.append(told.escalated.in_(view.escalated))
    if view.crit_sit:
        asked.append(told.crit_sit.in_([value == "yes" for value in view.crit_sit]))
    if view.escalation:
        asked.append(or_(told.escalated == "yes", told.crit_sit))
    return asked
