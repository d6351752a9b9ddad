"""Numbers of open cases out of the hourly roll-up `open_steps`, where it can tell them.

It can where the filters are its own and the instants end whole hours; the one asked last may lie
within an hour, of which the versions themselves tell the rest.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, true

from app.metrics import Count
from app.models import OpenStep
from app.scope import Scope
from app.series import place_of, running
from app.versions import TICK, VERSIONS, V
from app.view import View

ROLLED = {"state", "severity", "escalated", "crit_sit", "escalation"}
STEPS = OpenStep.__table__.c


def rolls(scope: Scope, edges: Sequence[datetime]) -> bool:
    """Whether the roll-up can answer: its filters alone, and days that begin at whole hours."""
    inner = edges if edges[-1] != scope.instant else edges[:-1]
    return set(scope.view.filters()) <= ROLLED and all(
        edge + TICK == whole_hour(edge + TICK) for edge in inner
    )


def knows(count: Count) -> bool:
    """Whether the roll-up tells a count's cases from others."""
    return not count.since and set(count.only) <= ROLLED


def whole_hour(moment: datetime) -> datetime:
    """The start of the hour (UTC) of an instant."""
    return moment.replace(minute=0, second=0, microsecond=0)


def rolled(scope: Scope, counts: Sequence[Count], instants: Sequence[datetime]) -> Select[Any]:
    """Counts at rising instants that `rolls` allows: backwards from what is open in the end."""
    asked, last = rolled_filters(scope.view), instants[-1]
    # Of the hour of an instant in its midst the roll-up knows what came and went, not when.
    parted = last == scope.instant and last + TICK != whole_hour(last + TICK)
    bounds = [edge + TICK for edge in (instants[:-1] if parted else instants)]
    first = bounds[0] if bounds else whole_hour(last)
    names = [count.name for count in counts]
    steps = [_opened(scope, counts, first)]
    if bounds:
        place = place_of(STEPS.hour + TICK, bounds)
        until = whole_hour(last) if parted else bounds[-1]
        told: list[Any] = [place.label("place")]
        told += [func.sum(STEPS.step * _flag(count)).label(count.name) for count in counts]
        hours = [STEPS.hour >= first, STEPS.hour < until]
        steps.append(select(*told).where(*asked, *hours).group_by(place))
    if parted:
        steps += _since_the_hour(scope, counts, len(instants) - 1)
    return running(steps, names, len(instants))


def _opened(scope: Scope, counts: Sequence[Count], first: datetime) -> Select[Any]:
    """What was open at the beginning: what is open in the end, less the steps since."""
    board, view = scope.board, scope.view
    finally_open = (
        select(*(func.count().filter(_asked(scope, count)).label(count.name) for count in counts))
        .select_from(VERSIONS)
        .where(replace(board, live=True).known, V.is_open, *board.value_filters(view))
        .subquery("finally")
    )
    since = (
        select(
            *(
                func.coalesce(func.sum(STEPS.step * _flag(count)), 0).label(count.name)
                for count in counts
            )
        )
        .where(*rolled_filters(view), STEPS.hour >= first)
        .subquery("since")
    )
    return select(
        literal(0).label("place"),
        *((finally_open.c[count.name] - since.c[count.name]).label(count.name) for count in counts),
    ).select_from(finally_open.join(since, true()))


def _since_the_hour(scope: Scope, counts: Sequence[Count], place: int) -> list[Select[Any]]:
    """The steps of an hour that is not over at the instant."""
    asked = [V.is_open, *scope.board.value_filters(scope.view)]
    start, end = whole_hour(scope.instant), scope.instant

    def step(sign: int) -> Select[Any]:
        told: list[Any] = [literal(place).label("place")]
        told += [
            (sign * func.count().filter(_asked(scope, count))).label(count.name) for count in counts
        ]
        return select(*told)

    return [
        step(1).where(*asked, V.valid_from >= start, V.valid_from <= end),
        step(-1).where(*asked, V.valid_to >= start, V.valid_to <= end),
    ]


def _asked(scope: Scope, count: Count) -> ColumnElement[bool]:
    """What a count asks of a version besides the View."""
    return true() if not count.only else scope.board.value_filters(View(**count.only))[0]


def _flag(count: Count) -> ColumnElement[Any]:
    """1 where a row of the roll-up belongs to a count, else 0."""
    asked = rolled_filters(View(**count.only))
    return case((asked[0], 1), else_=0) if asked else literal(1)


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
