"""Lists of values as the rows of a table that a statement joins its numbers to."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, FromClause, bindparam, cast, column, func
from sqlalchemy.types import TypeEngine


def table_of(
    name: str, columns: dict[str, tuple[TypeEngine[Any], Sequence[Any]]], *, number: str = ""
) -> FromClause:
    """A row for each place of some lists of equal length: a column by name, of a type, for each.

    `number` names a column that counts the rows from 1 on. Each list is one array: a row of VALUES
    for each takes longer to write than to answer.
    """
    arrays = [_array(values, kind) for kind, values in columns.values()]
    told = (column(one, kind) for one, (kind, _) in columns.items())
    counted = {"with_ordinality": number} if number else {}
    return func.unnest(*arrays).table_valued(*told, **counted).render_derived(name=name)


def _array(values: Sequence[Any], kind: TypeEngine[Any]) -> Any:
    known = bindparam(None, list(values), type_=ARRAY(kind), unique=True)
    return cast(known, ARRAY(kind))
