"""Values that Python knows, as a table beside a statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, TableValuedAlias, cast, column, func
from sqlalchemy.types import TypeEngine


def listed(values: Sequence[Any], kind: TypeEngine[Any], name: str) -> TableValuedAlias:
    """A row per value: the value as `told`, and its `place` from 1."""
    rows = func.unnest(cast(list(values), ARRAY(kind)))
    told = rows.table_valued(column("told", kind), with_ordinality="place")
    return told.render_derived(name=name)
