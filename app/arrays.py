"""Lists of values as arrays, and as the rows of a table that a statement joins its numbers to."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, FromClause, Text, cast, column, func, literal
from sqlalchemy.types import TypeEngine

# A list of instants, days or numbers, or the parameter that gives it as a text (`text_of`).
Values = Sequence[date | float] | ColumnElement[Any]


def table_of(
    name: str, columns: Mapping[str, tuple[TypeEngine[Any], Values]], *, number: str = ""
) -> FromClause:
    """A row for each place of some lists of equal length: a column by name, of a type, for each.

    `number` names a column that counts the rows from 1 on. Each list is one array: a row of VALUES
    for each takes longer to write than to answer.
    """
    arrays = [array_of(values, kind) for kind, values in columns.values()]
    told = (column(one, kind) for one, (kind, _) in columns.items())
    counted = {"with_ordinality": number} if number else {}
    return func.unnest(*arrays).table_valued(*told, **counted).render_derived(name=name)


def array_of(values: Values, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """Some values as an array of a type.

    It is bound as one text: a driver writes an array value by value, of a year of days for longer
    than the database needs to answer.
    """
    told = values if isinstance(values, ColumnElement) else literal(text_of(values), Text())
    return cast(told, ARRAY(kind))


def text_of(values: Sequence[date | float]) -> str:
    """A list as PostgreSQL writes an array."""
    return _text(tuple(values))


# The charts of a page go by the same days.
@lru_cache(maxsize=64)
def _text(values: tuple[date | float, ...]) -> str:
    return "{" + ",".join(map(str, values)) + "}"
