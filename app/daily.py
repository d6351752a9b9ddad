"""The backlog day by day: how many cases are open at each day's end, and what changed in between.

For every day and filter: open = open of the day before + created + reopened - closed - gone + moved
(into less out of the filters, as when a severity changes). Where the filters allow it is summed up
from the roll-up of hours and days, else from the versions; both give the same rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from app.added_up import Columns, between, bounds_given, whole_hour
from app.filters import of_values
from app.kept import Given, kept, once
from app.rolled import of_counts, rolls
from app.scope import Scope
from app.series import both_sides, numbered, place_of
from app.spans import Stretches, open_stretches, spelled
from app.versions import TICK, V
from app.view import View

KINDS = ("created", "reopened", "closed", "gone")
NAMES = ("step", *KINDS)
ENTRIES: dict[str, tuple[str, ...]] = {
    "created": ("created",),
    "reopened": ("reopened", "returned"),
}
EXITS: dict[str, tuple[str, ...]] = {"closed": ("closed",), "gone": ("gone",)}


def daily(scope: Scope) -> Select[Any]:
    """A row per day of the period: day, open_cases, created, reopened, closed, gone, moved.

    Days are those of the View's zone; the last one ends with the period.
    """
    days = scope.days()
    # Place 0 is what the first day begins with, place n the n-th day.
    edges = [scope.period.filled()[0] - TICK, *scope.ends()]
    values = {"first": days[0], "size": len(days)}
    if rolls(scope, edges):
        values |= _given(scope, edges)
        return kept(_rolled, values, View(**scope.view.filters()))
    return _by_day(_summed(scope, edges), once(values))


def _by_day(steps: list[Select[Any]], given: Given) -> Select[Any]:
    """What some steps by places add up to, of so many days from the `first` on."""
    sums = _by_place(steps).subquery("sums")
    told = {name: func.coalesce(sums.c[name], 0) for name in NAMES}
    moved = told["step"] - told["created"] - told["reopened"] + told["closed"] + told["gone"]
    every = numbered(given["size"] + 1, "every")
    place = every.c.number
    running = (
        select(
            place.label("place"),
            func.sum(told["step"]).over(order_by=place).label("open_cases"),
            *(told[name].label(name) for name in KINDS),
            moved.label("moved"),
        )
        .select_from(every.outerjoin(sums, sums.c.place == place))
        .subquery("running")
    )
    # The days of a period follow each other.
    day = given["first"] + (running.c.place - 1)
    names = ("open_cases", *KINDS, "moved")
    return (
        select(day.label("day"), *(cast(running.c[name], Integer).label(name) for name in names))
        .where(running.c.place > 0)
        .order_by(running.c.place)
    )


def _given(scope: Scope, edges: Sequence[datetime]) -> Mapping[str, Any]:
    """What tells `_rolled` of its days, by name; the `hour` only where it is parted."""
    ended = edges[-1] == scope.instant
    parted = ended and not scope.live
    bounds = [edge + TICK for edge in (edges[:-1] if ended else edges)]
    if not parted:
        return bounds_given(bounds)
    # What comes after an instant in the midst of an hour is not of its day.
    hour = whole_hour(scope.instant)
    return {**bounds_given([*bounds, hour]), "hour": hour, "instant": scope.instant}


def _rolled(given: Given, view: View) -> Select[Any]:
    """The days out of the roll-up."""

    def told(columns: Columns) -> dict[str, ColumnElement[Any]]:
        return {**{name: columns[name] for name in NAMES}, "ever": columns.step + columns.lasting}

    hours = between(of_counts(view), given, told)
    # All steps add up to nothing: those to come are what is open now, taken away.
    before = -func.coalesce(func.sum(hours.c.ever), 0)
    nothing = [literal(0).label(name) for name in KINDS]
    base = select(literal(0).label("place"), before.label("step"), *nothing).select_from(hours)
    steps = select(hours.c.place, *(hours.c[name] for name in NAMES))
    tail = _since_the_hour(given, view) if "hour" in given else []
    return _by_day([base, steps, *tail], given)


def _since_the_hour(given: Given, view: View) -> list[Select[Any]]:
    """The steps of an hour that is not over at the instant, which the roll-up cannot part."""
    start, end = given["hour"], given["instant"]
    asked = [V.is_open, *of_values(view, end)]

    def counted(kinds: dict[str, tuple[str, ...]], event: ColumnElement[Any]) -> list[Any]:
        return [
            (func.count().filter(event.in_(kinds[kind])) if kind in kinds else literal(0)).label(
                kind
            )
            for kind in KINDS
        ]

    told = given["size"].label("place")
    entered = select(told, func.count().label("step"), *counted(ENTRIES, V.event))
    left = select(told, (-func.count()).label("step"), *counted(EXITS, V.ended_by))
    return [
        entered.where(*asked, V.valid_from >= start, V.valid_from <= end),
        left.where(*asked, V.valid_to >= start, V.valid_to <= end),
    ]


def _summed(scope: Scope, edges: Sequence[datetime]) -> list[Select[Any]]:
    """The steps from the versions that the View's filters hold for.

    Where spells tell the filters they tell the steps too, and all events that one begins with; of
    the versions only those are looked at whose end is an event.
    """
    board, view = scope.board, scope.view
    if not spelled(view):
        return [_of_stretches(one, edges) for one in open_stretches(board, view)]
    steps = [_of_stretches(one, edges, ends=False) for one in open_stretches(board, view, ())]
    return [*steps, *(_endings(one, edges) for one in open_stretches(board, view))]


def _endings(one: Stretches, edges: Sequence[datetime]) -> Select[Any]:
    """How many versions ended with which event, and were met by the stretches until then."""
    names = [name for exits in EXITS.values() for name in exits]
    told: list[ColumnElement[Any]] = [
        place_of(V.valid_to, edges).label("place"),
        *(literal(0).label(name) for name in ("step", *ENTRIES)),
        *(
            (func.count().filter(V.ended_by.in_(EXITS[kind])) * one.sign).label(kind)
            for kind in EXITS
        ),
    ]
    return (
        select(*told)
        .select_from(one.origin)
        .where(*one.where, *one.meeting(edges[0], edges[-1]))
        .where(V.ended_by.in_(names), V.valid_to <= edges[-1], one.end == V.valid_to)
        .group_by(literal_column("1"))
    )


def _of_stretches(one: Stretches, edges: Sequence[datetime], *, ends: bool = True) -> Select[Any]:
    """The steps of stretches, and the events that they begin with; and `ends` with."""
    held = (
        select(
            place_of(one.start, edges).label("enters"),
            place_of(one.end, edges).label("leaves"),
            case((one.start == V.valid_from, V.event)).label("entered"),
            (case((one.end == V.valid_to, V.ended_by)) if ends else null()).label("left"),
            func.count().label("cases"),
        )
        .select_from(one.origin)
        .where(*one.where, *one.meeting(edges[0], edges[-1]))
        .group_by(*(literal_column(str(number)) for number in range(1, 5)))
        .subquery("held")
    )
    sides = both_sides()
    place = case((sides.c.side == 1, held.c.enters), else_=held.c.leaves)

    def happened(names: tuple[str, ...], side: int) -> ColumnElement[int]:
        event = held.c.entered if side == 1 else held.c.left
        cases = func.sum(held.c.cases).filter(sides.c.side == side, event.in_(names))
        return one.sign * func.coalesce(cases, 0)

    return (
        select(
            place.label("place"),
            (func.sum(sides.c.side * held.c.cases) * one.sign).label("step"),
            *(happened(ENTRIES[kind], 1).label(kind) for kind in ENTRIES),
            *(happened(EXITS[kind], -1).label(kind) for kind in EXITS),
        )
        .select_from(held.join(sides, true()))
        .group_by(place)
    )


def _by_place(steps: list[Select[Any]]) -> Select[Any]:
    told = union_all(*steps).subquery("told")
    return select(told.c.place, *(func.sum(told.c[name]).label(name) for name in NAMES)).group_by(
        told.c.place
    )
