"""Days as a table that a statement joins its numbers to."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, Integer, Subquery, cast, select
from sqlalchemy.types import TypeEngine

from app.arrays import table_of


def day_table(
    days: Sequence[date], ends: Sequence[datetime] = (), *, name: str = "days"
) -> Subquery:
    """A row per day in their order: `place` (from 0), `day`, and with `ends` also `as_of` (UTC)."""
    columns: dict[str, tuple[TypeEngine[Any], Sequence[Any]]] = {"day": (Date(), days)}
    if ends:
        columns["as_of"] = (DateTime(timezone=True), ends)
    rows = table_of(f"{name}_told", columns, number="number")
    place = cast(rows.c.number - 1, Integer).label("place")
    return select(place, *(rows.c[one] for one in columns)).subquery(name)
