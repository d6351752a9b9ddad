"""Statements that are written but once: what differs from run to run is given to them by name.

To write one takes longer than the database needs to answer it out of a roll-up.
"""

from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Date, DateTime, Integer, Select, Text, bindparam
from sqlalchemy.types import TypeEngine

Given = Mapping[str, BindParameter[Any]]
KINDS: dict[type, TypeEngine[Any]] = {
    date: Date(),
    datetime: DateTime(timezone=True),
    int: Integer(),
    str: Text(),
}


def kept(
    write: Callable[..., Select[Any]], values: Mapping[str, Any], *fixed: Hashable
) -> Select[Any]:
    """The statement that `write` makes of parameters and of what is `fixed`, with these values.

    `write(given, *fixed)` has a parameter for each name, and cannot see its value: what is to be
    written otherwise for some values must have other names. Names count in the whole of a
    statement, so that it can hold but one that is kept.
    """
    kinds = frozenset((name, type(value)) for name, value in values.items())
    return _written(write, kinds, *fixed).params(**values)


@lru_cache(maxsize=64)
def _written(
    write: Callable[..., Select[Any]], kinds: frozenset[tuple[str, type]], *fixed: Hashable
) -> Select[Any]:
    return write({name: bindparam(name, type_=KINDS[kind]) for name, kind in kinds}, *fixed)


def once(values: Mapping[str, Any]) -> Given:
    """Parameters with their values, for a statement that is written anew each time."""
    return {
        name: bindparam(name, value, KINDS[type(value)], unique=True)
        for name, value in values.items()
    }
