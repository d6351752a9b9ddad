"""A block of a View's rows for the grid: any stretch of a long table, as fast as the first page.

The statement of a View is built and compiled once and kept, to be run with other parameters. A
block that follows one given before begins after that one's last row (keyset); a block elsewhere is
found by its number through the narrow index of the order, before the wide rows are read.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, DateTime, Integer, Select, and_, bindparam, false, or_, select
from sqlalchemy.dialects.postgresql import psycopg2

from app import search
from app.board import Board
from app.cache import known, remember
from app.database import fetch
from app.selection import SortKey, order
from app.settings import get_settings
from app.version import Version
from app.versions import VERSIONS, V
from app.view import View
from app.view_fields import write_instant

Row = tuple[Any, ...]


class Place(NamedTuple):
    """Where rows begin: at the `skip`th, or after one of whose keys `missing` tells which it lacks.

    `first_missing`: at the first row without the first key, the last part of any order.
    """

    skip: bool = False
    missing: tuple[bool, ...] = ()
    first_missing: bool = False


def block(
    view: View, instant: datetime, version: Version, start: int, size: int
) -> tuple[list[dict[str, Any]], bool]:
    """The rows `start` to `start + size` of a View by column name, and whether more follow."""
    stretch = Stretch(view, instant, version)
    key = stretch.post(start) if start else None
    found = stretch.at(start, size + 1) if key is None else stretch.after(key, size + 1)
    shown, width = found[:size], len(view.columns)
    if len(shown) == size:
        stretch.set_post(start + size, shown[-1][width:])
    return [dict(zip(view.columns, row, strict=False)) for row in shown], len(found) > size


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a View at an instant, each followed by its sort keys."""

    view: View
    instant: datetime
    version: Version

    def at(self, start: int, size: int) -> list[Row]:
        """The rows from the `start`th on."""
        return self._run(Place(skip=start > 0), size, {"skip": start})

    def after(self, key: Row, size: int) -> list[Row]:
        """The rows after the one with a key."""
        missing = tuple(part is None for part in key)
        bound = {f"key{number}": part for number, part in enumerate(key)}
        found = self._run(Place(missing=missing), size, bound)
        if len(found) < size and not missing[0]:
            found += self._run(Place(first_missing=True), size - len(found), {})
        return found

    def post(self, start: int) -> Row | None:
        """The key of the row before the `start`th, where it was seen before."""
        told = known(self._name(start))
        return None if told is None else tuple(orjson.loads(told))

    def set_post(self, start: int, key: Row) -> None:
        """Remember the key of the row before the `start`th."""
        remember(self._name(start), orjson.dumps(key).decode())

    def _name(self, start: int) -> tuple[str, ...]:
        told = (self.view.to_query(), write_instant(self.instant), self.version.key, str(start))
        return ("post", *told)

    def _run(self, place: Place, size: int, bound: dict[str, Any]) -> list[Row]:
        view, version = self.view, self.version
        common = bool(view.q) and search.understood(view.q, version).common
        live = version.live(self.instant)
        sql, values = _prepared(view, place, live, common, repr(get_settings().sla))
        return fetch(sql, {**values, "instant": self.instant, "size": size, **bound})


@lru_cache(maxsize=1_024)
def _prepared(
    view: View, place: Place, live: bool, common: bool, _policy: str
) -> tuple[str, dict[str, Any]]:
    """The SQL text and the parameters that the View fixes."""
    board = Board.at(bindparam("instant", type_=DateTime(timezone=True), required=False), live=live)
    compiled = _statement(view, place, board, common=common).compile(
        dialect=psycopg2.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    return str(compiled), dict(compiled.params)


def _statement(view: View, place: Place, board: Board, *, common: bool) -> Select[Any]:
    keys = order(view, board)
    columns = [board.expression(name).label(name) for name in view.columns]
    told = [key.expression.label(f"key{number}") for number, key in enumerate(keys)]
    chosen = [board.known, *_conditions(view, board, common=common)]
    if place.missing:
        chosen.append(_follows(keys, place.missing))
    if place.first_missing:
        chosen.append(keys[0].expression.is_(None))
    sorting = [key.by for key in keys]
    size = bindparam("size", type_=Integer, required=False)
    if not place.skip:
        return select(*columns, *told).where(*chosen).order_by(*sorting).limit(size)
    page = (
        select(V.case_number, *told)
        .where(*chosen)
        .order_by(*sorting)
        .limit(size)
        .offset(bindparam("skip", type_=Integer, required=False))
        .subquery("page")
    )
    again = [
        SortKey(page.c[f"key{number}"], key.descending, key.nullable).by
        for number, key in enumerate(keys)
    ]
    return (
        select(*columns, *(page.c[label.name] for label in told))
        .select_from(VERSIONS)
        .join(page, page.c.case_number == V.case_number)
        .where(board.known)
        .order_by(*again)
    )


def _conditions(view: View, board: Board, *, common: bool) -> list[ColumnElement[bool]]:
    if common and view.as_of is None:
        return [*board.conditions(view.but(q="")), search.holds(view.q)]
    return board.conditions(view)


def _follows(keys: list[SortKey], missing: tuple[bool, ...]) -> ColumnElement[bool]:
    """What holds for the rows after a key, those without the first key left out where it has one.

    The first term repeats what the others say, so that an index can begin there.
    """
    ways, equal = [], []
    for number, (key, is_missing) in enumerate(zip(keys, missing, strict=True)):
        bound = bindparam(f"key{number}", type_=key.expression.type, required=False)
        ways.append(and_(*equal, _beyond(key, bound, is_missing=is_missing, first=number == 0)))
        equal.append(key.expression.is_(None) if is_missing else key.expression == bound)
    first = keys[0]
    bound = bindparam("key0", type_=first.expression.type, required=False)
    if missing[0]:
        return and_(first.expression.is_(None), or_(*ways))
    start = first.expression <= bound if first.descending else first.expression >= bound
    return and_(start, or_(*ways))


def _beyond(
    key: SortKey, bound: Any, *, is_missing: bool, first: bool
) -> ColumnElement[bool]:
    """The key comes after the bound one; missing ones come last."""
    if is_missing:
        return false()
    later = key.expression < bound if key.descending else key.expression > bound
    return or_(later, key.expression.is_(None)) if key.nullable and not first else later
