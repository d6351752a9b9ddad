"""Facets: how many cases of a View each value of a field has, under all its other filters.

The count beside a value is the number of rows that choosing it alone would show.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, func, select, true, tuple_

from app.board import Board
from app.cache import remembered
from app.database import snapshot
from app.selection import grouped
from app.version import Version
from app.view import View
from app.view_fields import write_instant

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
MOST_VALUES = 500

Values = list[tuple[str, int]]


def facets(view: View, instant: datetime, version: Version) -> tuple[int, dict[str, Values]]:
    """The row count of a View, and for each field of `TOGETHER` its values with their counts.

    Values are as parameters take them (the empty string: not set), most first. Remembered by (View,
    instant, data version).
    """
    asked = view.only_filters()
    key = ("facets", asked.to_query(), write_instant(instant), version.key)
    told = orjson.loads(remembered(key, lambda: _compute(asked, instant, version)))
    return told["cases"], {name: [(v, n) for v, n in told["facets"][name]] for name in TOGETHER}


def values_of(view: View, instant: datetime, version: Version, name: str) -> Values:
    """The values of one field with their counts under the other filters of a View."""
    if name in TOGETHER:
        return facets(view, instant, version)[1][name]
    others = view.but(**{name: getattr(View(), name)})
    with snapshot() as connection:
        asked = grouped(others, instant, ALONE[name], live=version.live(instant))
        found = connection.execute(asked.limit(MOST_VALUES)).all()
    return [(_parameter(value), number) for value, number in found]


def _compute(view: View, instant: datetime, version: Version) -> str:
    with snapshot() as connection:
        found = connection.execute(select_facets(view, instant, live=version.live(instant))).all()
    total = 0
    told: dict[str, Values] = {name: [] for name in TOGETHER}
    for row in found:
        names = [name for place, name in enumerate(TOGETHER) if not row.mask >> place & 1]
        if not names:
            total = row.cases
            continue
        [name] = names
        number = getattr(row, f"cases_{name}", row.cases)
        if number:
            told[name].append((_parameter(getattr(row, name)), number))
    for values in told.values():
        values.sort(key=lambda pair: (-pair[1], pair[0]))
    return orjson.dumps({"cases": total, "facets": told}).decode()


def select_facets(view: View, instant: datetime, *, live: bool) -> Select[Any]:
    """One pass over the cases: a row for each value of each field of `TOGETHER`, and one for all.

    `mask` has the bit of each field that the row is not about, lowest first; `cases` counts what
    passes all filters, `cases_<field>` what passes those of all other fields.
    """
    board = Board.at(instant, live=live)
    chosen = {name: getattr(view, name) for name in TOGETHER if getattr(view, name)}
    base = view.but(**dict.fromkeys(chosen, ()))

    def passes(alone: View) -> ColumnElement[bool]:
        return func.coalesce(and_(*board.filters(alone)), False)

    seen = (
        select(
            *(board.expression(name).label(name) for name in TOGETHER),
            *(
                func.coalesce(and_(*board.filters(View(**{name: value}))), False).label(
                    f"ok_{name}"
                )
                for name, value in chosen.items()
            ),
        )
        .where(board.known, *board.conditions(base))
        .subquery("seen")
    )

    def passing(names: Iterable[str]) -> ColumnElement[int]:
        return func.count().filter(and_(true(), *(seen.c[f"ok_{name}"] for name in names)))

    columns = [seen.c[name] for name in TOGETHER]
    return select(
        func.grouping(*reversed(columns)).label("mask"),
        *columns,
        passing(chosen).label("cases"),
        *(passing(chosen.keys() - {name}).label(f"cases_{name}") for name in chosen),
    ).group_by(func.grouping_sets(*columns, tuple_()))


def _parameter(value: Any) -> str:
    """A value as parameters take it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
