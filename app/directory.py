"""Every account, or every engineer, with the numbers of its cases: one statement for all of them.

Each number is that of a metric of the catalogue under one more filter, so that the table behind it
has exactly that many rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)

from app.cache import remembered
from app.database import fetch_rows
from app.metrics import CATALOGUE, Count
from app.scope import Scope
from app.version import Version
from app.versions import TICK, VERSIONS, V
from app.view import View
from app.view_fields import write_instant
from app.who import Who

YEAR = timedelta(days=365)
COUNTS: tuple[Count, ...] = tuple(
    metric
    for name in (
        "open_cases",
        "high_priority",
        "total_escalations",
        "breached",
        "opened_last_week",
        "closed_last_week",
    )
    if isinstance(metric := CATALOGUE[name], Count)
)
MEDIAN, CLOSED = "median_days", "closed_last_year"


@dataclass(frozen=True, slots=True)
class Entry:
    """One account or engineer; `name` is empty for the cases that have none.

    `counts` go by the name of their metric. `median` is of the days from creation to closing of the
    `closed` cases of the last year, None without any.
    """

    name: str
    counts: dict[str, int]
    median: float | None
    closed: int


def directory(who: Who, scope: Scope, version: Version) -> list[Entry]:
    """All that have a case open, opened or closed lately, most open cases first.

    Remembered by (kind, scope, data version).
    """
    key = ("directory", who.field, *scope.key, version.key)

    def compute() -> str:
        return orjson.dumps(fetch_rows(directory_select(who, scope))).decode()

    names = [metric.name for metric in COUNTS]
    return [
        Entry(name or "", dict(zip(names, numbers, strict=False)), numbers[-2], numbers[-1])
        for name, *numbers in orjson.loads(remembered(key, compute))
    ]


def rows_of(entry: str, who: Who, scope: Scope) -> dict[str, View | None]:
    """The View whose rows each number of an entry counts, by metric, and `closed_last_year`."""
    own = scope.view.only_filters().but(**{who.field: (entry,)})
    found = {metric.name: metric.rows(own, scope.instant) for metric in COUNTS}
    return {**found, CLOSED: closed_within_a_year(own, scope)}


def closed_within_a_year(view: View, scope: Scope) -> View:
    """The cases of a View that were closed in the year up to the instant, and are closed."""
    start, end = scope.instant - YEAR + TICK, scope.instant + TICK
    return view.but(
        state="closed",
        closed_from=max(start, view.closed_from or start),
        closed_to=min(end, view.closed_to or end),
    )


def directory_select(who: Who, scope: Scope) -> Select[Any]:
    """A row per value of the field: name, the counts in their order, median days, closed cases."""
    view = scope.view.only_filters()
    parts = [
        _open(who, view, scope),
        *(part for metric in COUNTS if metric.since for part in _lately(who, metric, view, scope)),
        _closed(who, view, scope),
    ]
    told = union_all(*parts).subquery("told")
    numbers = [cast(func.sum(told.c[metric.name]), Integer) for metric in COUNTS]
    return (
        select(
            told.c.name, *numbers, func.max(told.c[MEDIAN]), cast(func.sum(told.c[CLOSED]), Integer)
        )
        .group_by(told.c.name)
        .order_by(numbers[0].desc(), told.c.name.collate("C").asc().nulls_last())
    )


def _open(who: Who, view: View, scope: Scope) -> Select[Any]:
    """The numbers of open cases, in one pass over them."""
    board = scope.board
    counts = {
        metric.name: func.count().filter(and_(true(), *board.open_filters(View(**metric.only))))
        for metric in COUNTS
        if not metric.since
    }
    return _part(who, counts).where(board.known, *board.conditions(view.but(state="open")))


def _lately(who: Who, metric: Count, view: View, scope: Scope) -> list[Select[Any]]:
    """The number of what was created or closed lately.

    Closings are counted apart by whether the case is closed still, as the indexes are.
    """
    board, rows = scope.board, metric.rows(view, scope.instant)
    if rows is None:
        return []
    apart = [~V.is_open, V.is_open] if metric.since and metric.since[0] == "closed" else [true()]
    return [
        _part(who, {metric.name: func.count()}).where(board.known, *board.conditions(rows), half)
        for half in apart
    ]


def _closed(who: Who, view: View, scope: Scope) -> Select[Any]:
    board = scope.board
    days = func.extract("epoch", V.closed_at - V.created_date) / 86_400.0
    median = cast(func.percentile_cont(0.5).within_group(days.asc()), Float)
    return _part(who, {MEDIAN: median, CLOSED: func.count()}).where(
        board.known, *board.conditions(closed_within_a_year(view, scope))
    )


def _part(who: Who, told: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    value = V[who.field]
    names = [*(metric.name for metric in COUNTS), MEDIAN, CLOSED]
    rest = {MEDIAN: cast(None, Float)}
    numbers = [told.get(name, rest.get(name, literal(0))).label(name) for name in names]
    return select(value.label("name"), *numbers).select_from(VERSIONS).group_by(value)


def is_known(who: Who, name: str, scope: Scope, version: Version) -> bool:
    """Whether a case has the name now, or an open one had it at the scope's instant; remembered."""
    column = V[who.field].collate("C")
    now = exists().where(V.valid_to == text("'infinity'"), ~V.gone, column == name)
    # Open cases alone have an index that tells the past.
    then = exists().where(scope.board.known, V.is_open, column == name)
    asked = now if scope.live else or_(now, then)
    key = ("is known", who.field, name, write_instant(scope.instant), version.key)

    def compute() -> str:
        return orjson.dumps(fetch_rows(select(asked))[0][0]).decode()

    return bool(orjson.loads(remembered(key, compute)))
