"""When a bug, or a card, is taken less or more seriously than the case that waits for it.

Each rule is told twice, for values at hand and as SQL; a test compares the two.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ColumnElement, SmallInteger, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB

# What trackers call the severities 1..4: Bugzilla, JIRA's own priorities, Red Hat's scale.
WORDS = {
    1: ("urgent", "critical", "blocker", "highest", "p1"),
    2: ("high", "important", "major", "p2"),
    3: ("medium", "moderate", "normal", "minor", "p3"),
    4: ("low", "trivial", "lowest", "enhancement", "p4", "p5"),
}
_NUMBERS = {word: number for number, words in WORDS.items() for word in words}
# The cards of cases of severity 1..4 have the priorities Critical, Major, Normal, Minor.
_PRIORITIES = {**_NUMBERS, "minor": 4}
_BLANKS = " \t\n\r\f\v"


def severity_of(words: str | None) -> int | None:
    """The severity 1..4 that a tracker's word stands for; None where it says nothing of it."""
    return _NUMBERS.get(words.strip().lower()) if words else None


def priority_of(words: str | None) -> int | None:
    """The severity 1..4 that the priority of a card stands for; None where it says nothing."""
    return _PRIORITIES.get(words.strip().lower()) if words else None


def mismatch(words: str | None, severity: int | None) -> bool:
    """Whether a bug's severity, in its tracker's words, differs from that of its case."""
    told = severity_of(words)
    return told is not None and severity is not None and told != severity


def severity_number(words: Any) -> ColumnElement[int]:
    """`severity_of` as SQL."""
    return _number(words, _NUMBERS)


def priority_number(words: Any) -> ColumnElement[int]:
    """`priority_of` as SQL."""
    return _number(words, _PRIORITIES)


def _number(words: Any, numbers: Mapping[str, int]) -> ColumnElement[int]:
    # A look-up in an object is faster than a long CASE.
    known = cast(literal(orjson.dumps(numbers).decode()), JSONB)
    return cast(known.op("->>")(func.lower(func.btrim(words, _BLANKS))), SmallInteger)
