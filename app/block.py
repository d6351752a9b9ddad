"""A block of a View's rows for the grid: any stretch of a long table, as fast as the first page.

The statement of a View is built and compiled once and kept, to be run with other parameters. A
block begins after a row whose number is known (keyset): the last of the block before it, or one of
those that a survey finds in one pass over the order. Rows near the top are counted off.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import psycopg2

from app import search
from app.board import Board
from app.database import fetch
from app.posts import Posts
from app.selection import ALWAYS_THERE, SortKey, order
from app.sla import PolicySpan
from app.version import Version
from app.versions import VERSIONS, V
from app.view import View

Row = tuple[Any, ...]

# Orders whose index nearly always gives a page at once; in others the place of the rows is found
# first, in an index that holds what is sorted by, and then the wide rows of one page are read.
FEW = 300
# Up to here, counting rows off costs less than a pass over the order.
NEAR = 1_000
# What the grid needs of each row, shown or not.
BESIDE = {"number": V.case_number, "escalation_link": V.escalation_link}
WALKED = ("updated", "-updated", "created", "-created")


class Place(NamedTuple):
    """Where rows begin: at the `skip`th, or after one of whose keys `missing` tells which it lacks.

    `first_missing`: at the first row without the first key, the last part of any order. `posts`:
    not rows are asked for, but the keys of every so manieth one.
    """

    skip: bool = False
    missing: tuple[bool, ...] = ()
    first_missing: bool = False
    posts: bool = False


def block(
    view: View, instant: datetime, version: Version, start: int, size: int
) -> tuple[list[dict[str, Any]], bool]:
    """The rows `start` to `start + size` of a View by column name, and whether more follow.

    Whatever the columns, `number` and `escalation_link` are told too.
    """
    stretch = Stretch(view, instant, version)
    found = stretch.at(start, size + 1)
    names = columns_told(view)
    shown = found[:size]
    if len(shown) == size:
        stretch.posts.set(start + size, shown[-1][len(names) :])
    return [dict(zip(names, row, strict=False)) for row in shown], len(found) > size


def columns_told(view: View) -> list[str]:
    """The names of what a row of a `Stretch` begins with; its sort keys follow."""
    return [*view.columns, *(name for name in BESIDE if name not in view.columns)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a View at an instant, each followed by its sort keys."""

    view: View
    instant: datetime
    version: Version

    @property
    def posts(self) -> Posts:
        """The rows of known number."""
        return Posts(self.view, self.instant, self.version)

    def at(self, start: int, size: int) -> list[Row]:
        """The rows from the `start`th on."""
        if not start:
            return self._filled(self._run(Place(), size, {}), size)
        key = self.posts.at(start)
        if key is not None:
            return self.after(key, size)
        if start < NEAR:
            return self._run(Place(skip=True), size, {"skip": start})
        key, further = self.posts.before(start, self._surveyed)
        return self.after(key, further + size)[further:] if key else []

    def _surveyed(self, every: int, until: int) -> list[Row]:
        """The keys of every so manieth row among the first `until`."""
        return self._run(Place(posts=True), until, {"every": every})

    def after(self, key: Row, size: int) -> list[Row]:
        """The rows after the one with a key."""
        missing = tuple(part is None for part in key)
        bound = {f"key{number}": part for number, part in enumerate(key)}
        found = self._run(Place(missing=missing), size, bound)
        return found if missing[0] else self._filled(found, size)

    def _filled(self, found: list[Row], size: int) -> list[Row]:
        """Rows with the first key, and after them, where there is room, those without it."""
        nullable = self.view.order()[0][0] not in ALWAYS_THERE
        if len(found) == size or not nullable:
            return found
        return found + self._run(Place(first_missing=True), size - len(found), {})

    def _run(self, place: Place, size: int, bound: dict[str, Any]) -> list[Row]:
        view, version = self.view, self.version
        told = {"instant": self.instant, "size": size, **bound}
        named = False
        if view.q:
            found = search.understood(view.q, version)
            told |= {"numbers": found.numbers, "query": found.query}
            # At a past instant each named case is asked what it said then, which takes longer.
            named = found.numbers is not None and (view.as_of is None or found.hits <= FEW)
        live = version.live(self.instant)
        sql, values = _prepared(view, place, live, named, version.policies)
        return fetch(sql, {**values, **told})


@lru_cache(maxsize=1_024)
def _prepared(
    view: View, place: Place, live: bool, named: bool, policies: tuple[PolicySpan, ...]
) -> tuple[str, dict[str, Any]]:
    """The SQL text and the parameters that the View fixes."""
    board = Board(_bound("instant", DateTime(timezone=True)), policies, live)
    compiled = _statement(view, place, board, named=named).compile(
        dialect=psycopg2.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    return str(compiled), dict(compiled.params)


def _statement(view: View, place: Place, board: Board, *, named: bool) -> Select[Any]:
    keys = order(view, board)
    told = [key.expression.label(f"key{number}") for number, key in enumerate(keys)]
    chosen = [board.known, *_conditions(view, place, board, named=named)]
    counted = place.skip or place.posts
    if place.missing:
        chosen.append(_follows(keys, place.missing))
    elif place.first_missing:
        chosen.append(keys[0].expression.is_(None))
    elif keys[0].nullable and not counted:
        # The part without the first key is asked for when this one ends.
        chosen.append(keys[0].expression.is_not(None))
    if not counted:
        keys = [replace(keys[0], nullable=False), *keys[1:]]
    page = select(V.case_number, *told).where(*chosen).order_by(*(key.by for key in keys))
    page = page.limit(_bound("size", Integer()))
    if place.posts:
        return _every(page, keys)
    if place.skip:
        page = page.offset(_bound("skip", Integer()))
    columns = [board.expression(name).label(name) for name in view.columns]
    columns += [value.label(name) for name, value in BESIDE.items() if name not in view.columns]
    if view.sort[0] in WALKED and not place.skip:
        return page.with_only_columns(*columns, *told, maintain_column_froms=True)
    found = page.subquery("page")
    again = [
        SortKey(found.c[f"key{number}"], key.descending, key.nullable).by
        for number, key in enumerate(keys)
    ]
    return (
        select(*columns, *(found.c[label.name] for label in told))
        .select_from(VERSIONS)
        .join(found, found.c.case_number == V.case_number)
        .where(board.known)
        .order_by(*again)
    )


def _every(page: Select[Any], keys: list[SortKey]) -> Select[Any]:
    """The keys of every so manieth of the rows of a page, in their order."""
    place = func.row_number().over(order_by=[key.by for key in keys]).label("place")
    counted = page.add_columns(place).subquery("counted")
    return (
        select(*(counted.c[f"key{number}"] for number in range(len(keys))))
        .where(counted.c.place % _bound("every", Integer()) == 0)
        .order_by(counted.c.place)
    )


def _bound(name: str, kind: Any) -> BindParameter[Any]:
    """A parameter that each run gives anew."""
    return bindparam(name, type_=kind, required=False)


def _conditions(
    view: View, place: Place, board: Board, *, named: bool
) -> list[ColumnElement[bool]]:
    # A place far away is counted off, and then all hits must be gathered anyway.
    if not view.q or ((place.skip or place.posts) and not named):
        return board.conditions(view)
    asked = board.conditions(view.but(q=""))
    if named:
        asked.append(search.among(_bound("numbers", Text())))
    else:
        asked.append(search.holds(_bound("query", Text())))
    if view.as_of is not None:
        asked.append(search.said(_bound("query", Text()), board.instant))
    return asked


def _follows(keys: list[SortKey], missing: tuple[bool, ...]) -> ColumnElement[bool]:
    """What holds for the rows after a key, those without the first key left out where it has one.

    The first term repeats what the others say, so that an index can begin there.
    """
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for number, (key, is_missing) in enumerate(zip(keys, missing, strict=True)):
        bound = _bound(f"key{number}", key.expression.type)
        ways.append(and_(*equal, _beyond(key, bound, is_missing=is_missing, first=number == 0)))
        equal.append(key.expression.is_(None) if is_missing else key.expression == bound)
    first = keys[0]
    bound = _bound("key0", first.expression.type)
    if missing[0]:
        return and_(first.expression.is_(None), or_(*ways))
    start = first.expression <= bound if first.descending else first.expression >= bound
    return and_(start, or_(*ways))


def _beyond(key: SortKey, bound: Any, *, is_missing: bool, first: bool) -> ColumnElement[bool]:
    """The key comes after the bound one; missing ones come last."""
    if is_missing:
        return false()
    later = key.expression < bound if key.descending else key.expression > bound
    return or_(later, key.expression.is_(None)) if key.nullable and not first else later
