"""The only place where a View becomes a statement: rows, counts, groups, days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)

from app.board import Board
from app.columns import COLUMNS
from app.models import CaseVersion
from app.versions import VERSIONS, V
from app.view import View

DAYS_SHOWN = 365
ALWAYS_THERE = ("number", "created", "updated", "escalated", "crit_sit", "waiting_on", "age_days")


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order: missing values come last, texts by code point (the same anywhere)."""

    expression: ColumnElement[Any]
    descending: bool
    nullable: bool

    @property
    def by(self) -> ColumnElement[Any]:
        """The term of ORDER BY; a key that is always there needs no word on missing ones."""
        term = self.expression.desc() if self.descending else self.expression.asc()
        return term.nulls_last() if self.nullable and self.descending else term


def order(view: View, board: Board) -> list[SortKey]:
    """The order of a View's rows; it is total, as the case number breaks ties."""
    keys = []
    for name, descending in view.order():
        key = board.expression(name)
        if isinstance(key.type, Text):
            key = key.collate("C")
        keys.append(SortKey(key, descending, name not in ALWAYS_THERE))
    return keys


def rows(
    view: View,
    instant: datetime,
    *,
    limit: int | None = None,
    offset: int = 0,
    live: bool = False,
) -> Select[Any]:
    """The rows of a View: its columns in its order, sorted as it asks, missing values last."""
    board = Board.at(instant, live=live)
    return (
        select(*(board.expression(name).label(name) for name in view.columns))
        .where(board.known, *board.conditions(view))
        .order_by(*(key.by for key in order(view, board)))
        .limit(limit)
        .offset(offset or None)
    )


def count(view: View, instant: datetime, *, live: bool = False) -> Select[Any]:
    """How many rows a View has."""
    board = Board.at(instant, live=live)
    return (
        select(func.count().label("cases"))
        .select_from(VERSIONS)
        .where(board.known, *board.conditions(view))
    )


def grouped(view: View, instant: datetime, column: str, *, live: bool = False) -> Select[Any]:
    """Cases of a View by one column: (value, cases), most first; by each part of a list."""
    board = Board.at(instant, live=live)
    value = board.expression(column)
    origin: Any = VERSIONS
    if COLUMNS[column].kind == "list":
        parts = func.unnest(value).table_valued("part").render_derived(name="parts")
        origin, value = VERSIONS.outerjoin(parts, true()), parts.c.part
    return (
        select(value.label(column), func.count().label("cases"))
        .select_from(origin)
        .where(board.known, *board.conditions(view))
        .group_by(value)
        .order_by(func.count().desc(), value.asc())
    )


def counts(views: dict[str, View], instant: datetime, *, live: bool = False) -> Select[Any]:
    """The row counts of several Views, one column each, in one pass over the board.

    The Views may differ in every filter; each count is what `count` would answer.
    """
    board = Board.at(instant, live=live)
    columns: list[Any] = [
        func.count().filter(and_(true(), *board.conditions(view))).label(name)
        for name, view in views.items()
    ]
    return select(*columns).select_from(VERSIONS).where(board.known)


def daily(view: View, instant: datetime) -> Select[Any]:
    """The backlog of a View day by day, in its zone: the last year, or as far as there are cases.

    A row per day: `day`, `open_cases` at its end (of the last day: at the instant), and what
    changed during it: `created`, `reopened` (also returned from gone), `closed`, `gone`, `moved`
    (into less out of the filters, as when a severity changes). For every day and filter
    open = open of the day before + created + reopened - closed - gone + moved.
    """
    steps = _steps(view, instant).cte("steps")
    zone = literal(view.tz)
    local_day = cast(func.timezone(zone, steps.c.at), Date)
    last = cast(func.timezone(zone, literal(instant)), Date)
    first = select(
        func.greatest(last - DAYS_SHOWN, func.coalesce(func.min(local_day), last)).label("day"),
    ).cte("first")
    # What lies before the first day shown is the balance that the first day starts from.
    sums = (
        select(
            func.greatest(local_day, first.c.day - 1).label("day"),
            *(func.sum(steps.c[name]).label(name) for name in ("step", *_KINDS)),
        )
        .select_from(steps.join(first, true()))
        .group_by(func.greatest(local_day, first.c.day - 1))
        .cte("sums")
    )
    days = select(
        cast(
            func.generate_series(
                cast(first.c.day - 1, _TIMESTAMP),
                cast(last, _TIMESTAMP),
                literal(timedelta(days=1)),
            ),
            Date,
        ).label("day")
    ).cte("days")
    kinds = {name: func.coalesce(sums.c[name], 0) for name in _KINDS}
    step = func.coalesce(sums.c.step, 0)
    moved = step - kinds["created"] - kinds["reopened"] + kinds["closed"] + kinds["gone"]
    balance = (
        select(
            days.c.day,
            cast(func.sum(step).over(order_by=days.c.day), Integer).label("open_cases"),
            *(cast(kinds[name], Integer).label(name) for name in _KINDS),
            cast(moved, Integer).label("moved"),
        )
        .select_from(days.outerjoin(sums, sums.c.day == days.c.day))
        .subquery("balance")
    )
    return (
        select(balance)
        .where(balance.c.day >= select(first.c.day).scalar_subquery())
        .order_by(balance.c.day)
    )


_KINDS = ("created", "reopened", "closed", "gone")
_TIMESTAMP = DateTime(timezone=False)
_ENTRIES = {"created": ("created",), "reopened": ("reopened", "returned")}
_EXITS = {"closed": ("closed",), "gone": ("gone",)}


def _steps(view: View, instant: datetime) -> CompoundSelect[Any]:
    """+1 where a case enters the open cases of a View, -1 where it leaves, with the reason."""
    board = Board.at(instant)
    following = CaseVersion.__table__.alias("following")
    after = following.c
    held = union_all(
        *(
            select(
                start.label("start"),
                end.label("end"),
                case((start == V.valid_from, V.event)).label("entry"),
                case((end == V.valid_to, after.event)).label("exit"),
            )
            .outerjoin(
                following, and_(after.case_number == V.case_number, after.valid_from == V.valid_to)
            )
            .where(V.is_open, V.valid_from <= instant, start < end, *board.lasting_filters(view))
            for start, end in board.open_spans(view)
        )
    ).cte("held")

    def flags(column: ColumnElement[Any], events: Mapping[str, tuple[str, ...]]) -> list[Any]:
        return [
            cast(func.coalesce(column.in_(events[kind]), False), Integer).label(kind)
            if kind in events
            else literal(0).label(kind)
            for kind in _KINDS
        ]

    entered = select(
        held.c.start.label("at"), literal(1).label("step"), *flags(held.c.entry, _ENTRIES)
    ).where(held.c.start <= instant)
    left = select(
        held.c.end.label("at"), literal(-1).label("step"), *flags(held.c.exit, _EXITS)
    ).where(held.c.end <= instant)
    return union_all(entered, left)
