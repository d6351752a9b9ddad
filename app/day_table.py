"""Days as a table that a statement joins its numbers to."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Subquery,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

INSTANT = DateTime(timezone=True)


def day_table(
    days: Sequence[date], ends: Sequence[datetime] = (), *, name: str = "days"
) -> Subquery:
    """A row per day, in their order: `place` (from 0), `day`, and with `ends` also `as_of` (UTC).

    The days come as one array: a row of VALUES for each takes longer to write than to answer.
    """
    columns = [column("day", Date)]
    arrays = [_array(days, Date())]
    if ends:
        columns.append(column("as_of", INSTANT))
        arrays.append(_array(ends, INSTANT))
    told = func.unnest(*arrays).table_valued(*columns, with_ordinality="number")
    rows = told.render_derived(name=f"{name}_told")
    place = cast(rows.c.number - 1, Integer).label("place")
    return select(place, *(rows.c[one.name] for one in columns)).subquery(name)


def _array(values: Sequence[date], kind: TypeEngine[Any]) -> ColumnElement[Any]:
    known = bindparam(None, list(values), type_=ARRAY(kind), unique=True)
    return cast(known, ARRAY(kind))
