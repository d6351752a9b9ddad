"""The only place where a View becomes a statement: rows, counts, groups, days."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    cast,
    func,
    select,
    true,
)

from app.board import Board
from app.chosen import chosen
from app.columns import COLUMNS
from app.versions import VERSIONS, V
from app.view import View

DAYS_SHOWN = 365
ALWAYS_THERE = ("number", "created", "updated", "escalated", "crit_sit", "waiting_on", "age_days")
LONG_TEXTS = ("summary", "last_comment")
KEY_LENGTH = 200


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
            # Of a long text its beginning tells where it goes: a place in the order stays short.
            key = (func.left(key, KEY_LENGTH) if name in LONG_TEXTS else key).collate("C")
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
    if by_events(view, live=live):
        return _existing(instant)
    board = Board.at(instant, live=live)
    found = chosen(board, view, VERSIONS.c.case_number).subquery("found")
    return select(func.count().label("cases")).select_from(found)


def by_events(view: View, *, live: bool) -> bool:
    """Whether the events of cases tell its number: that of all cases of a past instant."""
    return not live and view.filters() == {"state": "all"}


def _existing(instant: datetime) -> Select[Any]:
    """How many cases there were: those that had come or come back, less those that had gone.

    That their events have an index with nothing else in it takes a tenth of looking at each case.
    """

    def happened(event: str, *more: ColumnElement[bool]) -> ColumnElement[int]:
        asked = select(func.count()).where(V.event == event, V.valid_from <= instant, *more)
        return asked.scalar_subquery()

    # A case that is first told of when it is gone already has no other event for it.
    come = happened("created", ~V.gone) + happened("returned")
    return select((come - happened("gone")).label("cases"))


def grouped(view: View, instant: datetime, column: str, *, live: bool = False) -> Select[Any]:
    """Cases of a View by one column: (value, cases), most first; by each part of a list."""
    board = Board.at(instant, live=live)
    origin: Any = chosen(board, view, board.expression(column).label(column)).subquery("found")
    value = origin.c[column]
    if COLUMNS[column].kind == "list":
        parts = func.unnest(value).table_valued("part").render_derived(name="parts")
        origin, value = origin.outerjoin(parts, true()), parts.c.part
    return (
        select(value.label(column), func.count().label("cases"))
        .select_from(origin)
        .group_by(value)
        .order_by(func.count().desc(), value.asc())
    )


def counts(views: dict[str, View], instant: datetime, *, live: bool = False) -> Select[Any]:
    """The row counts of several Views, one column each: what `count` would answer of each.

    Those of open cases are counted in one pass over what is open, the others each by itself.
    """
    board = Board.at(instant, live=live)
    of_open = {name: view for name, view in views.items() if view.state == "open"}
    columns: list[Any] = [
        func.count().filter(*board.conditions(view)).label(name) for name, view in of_open.items()
    ]
    # There may be several parts of what is open to count in.
    parts = chosen(board, View(state="open"), *columns).subquery("parts")
    told = []
    for name, view in views.items():
        if name in of_open:
            number: Any = cast(func.sum(parts.c[name]), Integer)
        else:
            # What came and what was closed lately has indexes that go by the instant.
            number = count(view, instant).scalar_subquery()
        told.append(number.label(name))
    return select(*told)
