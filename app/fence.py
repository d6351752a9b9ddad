"""A statement that PostgreSQL works out as it stands."""

from typing import Any

from sqlalchemy import CompoundSelect, FromClause, Select, literal_column


def fenced(
    statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]], name: str
) -> FromClause:
    """A statement as a table whose columns are worked out once a row, however often read.

    Without an offset the planner would copy each expression to wherever it is used.
    """
    return statement.offset(literal_column("0")).subquery(name)
