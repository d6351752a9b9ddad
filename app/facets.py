"""Facets: how many cases of a View each value of a field has, under all its other filters.

The count beside a value is the number of rows that choosing it alone would show.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, func, select, true

from app.board import Board
from app.cache import remembered
from app.chosen import chosen
from app.database import alone, fetch_rows
from app.selection import count, grouped
from app.version import Version
from app.view import View

# Fields told together in one pass over the cases; the name of the parameter is that of the column.
TOGETHER = (
    "severity",
    "status",
    "account",
    "engineer",
    "product",
    "waiting_on",
    "sla",
    "card_status",
    "escalated",
    "crit_sit",
    "group",
)
# Fields of long or many values, told one by one when somebody asks.
ALONE = {
    "owner": "owner",
    "product_version": "product_version",
    "tag": "tags",
    "label": "labels",
    "bug": "bugs",
}
# Of those, the one whose values change as time goes, without any change of the data.
BY_TIME = ("sla",)
MOST_VALUES = 500

Values = list[tuple[str, int]]


def facets(view: View, instant: datetime, version: Version) -> dict[str, Values]:
    """For each field of `TOGETHER` its values with their counts under the other filters of a View.

    Values are as parameters take them (the empty string: not set), most first. Remembered by (View,
    data version), and by the instant where they depend on it.
    """
    told: dict[str, Any] = {}
    for names in _remembered_apart(view, instant, version):
        told |= _remembered(view, instant, version, names)
    return {name: [(value, cases) for value, cases in told[name]] for name in TOGETHER}


def number_of_rows(view: View, instant: datetime, version: Version) -> int:
    """How many rows a View has; remembered as facets are."""
    asked = view.only_filters()

    def compute() -> str:
        [[number]] = fetch_rows(count(asked, instant, live=version.live(instant)))
        return str(number)

    moment = version.moment(instant, by_time=asked.goes_by_time)
    return int(remembered(("count", asked.to_query(), moment, version.key), compute))


def values_of(view: View, instant: datetime, version: Version, name: str) -> Values:
    """The values of one field with their counts under the other filters of a View."""
    if name in TOGETHER:
        return facets(view, instant, version)[name]
    others = view.but(**{name: getattr(View(), name)})
    asked = grouped(others, instant, ALONE[name], live=version.live(instant))
    found = fetch_rows(asked.limit(MOST_VALUES))
    return [(_parameter(value), number) for value, number in found]


def _remembered_apart(view: View, instant: datetime, version: Version) -> Sequence[tuple[str, ...]]:
    """The fields of `TOGETHER` by how long they are remembered, each part told in one pass."""
    if view.goes_by_time or not version.live(instant):
        return (TOGETHER,)
    return (tuple(name for name in TOGETHER if name not in BY_TIME), BY_TIME)


def _remembered(
    view: View, instant: datetime, version: Version, names: Sequence[str]
) -> dict[str, Any]:
    asked = view.only_filters()
    moment = version.moment(instant, by_time=asked.goes_by_time or names == BY_TIME)
    key = ("facets", *names, asked.to_query(), moment, version.key)
    told: dict[str, Any] = orjson.loads(
        remembered(key, lambda: _compute(asked, instant, version, names))
    )
    return told


def _compute(view: View, instant: datetime, version: Version, names: Sequence[str]) -> str:
    asked = select_facets(view, instant, names, live=version.live(instant))
    told: dict[str, Values] = {name: [] for name in names}
    every = (1 << len(names)) - 1
    about = {every - (1 << place): name for place, name in enumerate(names)}
    with alone() as connection:
        found = connection.execute(asked).all()
    for row in found:
        name = about[row.mask]
        number = getattr(row, f"cases_{name}", row.cases)
        if number:
            told[name].append((_parameter(getattr(row, name)), number))
    for values in told.values():
        values.sort(key=lambda pair: (-pair[1], pair[0]))
    return orjson.dumps(told).decode()


def select_facets(
    view: View, instant: datetime, names: Sequence[str], *, live: bool
) -> Select[Any]:
    """One pass over the cases: a row for each value of each of some fields of `TOGETHER`.

    `mask` has the bit of each field that the row is not about, lowest first; `cases` counts what
    passes all filters, `cases_<field>` what passes those of all other fields.
    """
    board = Board.at(instant, live=live)
    asked = {name: getattr(view, name) for name in names if getattr(view, name)}
    if view.state == "open":
        expression, filters = board.open_expression, board.open_filters
    else:
        expression, filters = board.expression, board.filters
    seen = chosen(
        board,
        view.but(**dict.fromkeys(asked, ())),
        *(expression(name).label(name) for name in names),
        *(
            func.coalesce(and_(*filters(View(**{name: value}))), False).label(f"ok_{name}")
            for name, value in asked.items()
        ),
    ).subquery("seen")

    def passing(others: Iterable[str]) -> ColumnElement[int]:
        return func.count().filter(and_(true(), *(seen.c[f"ok_{name}"] for name in others)))

    columns = [seen.c[name] for name in names]
    return select(
        func.grouping(*reversed(columns)).label("mask"),
        *columns,
        passing(asked).label("cases"),
        *(passing(asked.keys() - {name}).label(f"cases_{name}") for name in asked),
    ).group_by(func.grouping_sets(*columns))


def _parameter(value: Any) -> str:
    """A value as parameters take it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
