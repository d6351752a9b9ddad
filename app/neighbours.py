"""The cases before and after one in a View."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from app.block import Stretch
from app.board import Board
from app.database import snapshot
from app.selection import SortKey, order
from app.version import Version
from app.versions import V
from app.view import View


def neighbours(
    view: View, instant: datetime, version: Version, number: str
) -> tuple[str | None, str | None]:
    """The numbers of the cases before and after a case in a View; None where there is none.

    A case that is not among those of the View has no neighbours in it.
    """
    view = view.but(columns=("number",))
    board = Board.at(instant, live=version.live(instant))
    keys = order(view, board)
    chosen = [board.known, *board.conditions(view)]
    own = select(*(key.expression for key in keys)).where(*chosen, V.case_number == number)
    with snapshot() as connection:
        found = connection.execute(own).first()
        if found is None:
            return None, None
        before = connection.execute(
            select(V.case_number)
            .where(*chosen, _precedes(keys, tuple(found)))
            .order_by(*(_reversed(key) for key in keys))
            .limit(1)
        ).scalar()
    after = Stretch(view, instant, version).after(tuple(found), 1)
    return before, after[0][0] if after else None


def _reversed(key: SortKey) -> ColumnElement[Any]:
    """The term of ORDER BY for the opposite order, missing values first."""
    if key.descending:
        term = key.expression.asc()
        return term.nulls_first() if key.nullable else term
    return key.expression.desc()


def _precedes(keys: list[SortKey], values: tuple[Any, ...]) -> ColumnElement[bool]:
    """What holds for the rows before the one with these keys; missing values come last."""
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for key, value in zip(keys, values, strict=True):
        if value is None:
            ways.append(and_(*equal, key.expression.is_not(None)))
            equal.append(key.expression.is_(None))
            continue
        earlier = key.expression > value if key.descending else key.expression < value
        ways.append(and_(*equal, earlier))
        equal.append(key.expression == value)
    first, value = keys[0].expression, values[0]
    if value is None:
        return or_(*ways)
    # Repeats what the others say, so that an index can begin there.
    return and_(first >= value if keys[0].descending else first <= value, or_(*ways))
