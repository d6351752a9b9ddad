"""Quick search: through numbers, summaries, descriptions, comments, cards and bugs of cases.

What somebody typed becomes a query in the database (`search_query`, in the migration of the desk):
every word must occur, as typed or as the beginning of a longer one; of a word that no case says,
the most similar ones are looked for instead.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BindParameter,
    ColumnElement,
    Text,
    cast,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.database import snapshot
from app.links import Instant
from app.models import CaseWords
from app.version import Version
from app.versions import VERSIONS, V

Condition = ColumnElement[bool]

# From so many hits on it is faster to look at the rows in their order until a page is full.
COMMON = 10_000

HITS = """
select search_query(:q)::text, count(*), array_agg(case_number)::text from (
    select case_number from case_words where words @@ (select search_query(:q)) limit :most
) hits
"""
MENDED = "select typed, kin from search_terms(:q) where kin <> '{}' order by place"


@dataclass(frozen=True, slots=True)
class Understood:
    """What to look for, as a `tsquery`'s text, and the cases of all times that match.

    `numbers` are theirs as an array's text, None when they are too many to name; `hits` is how many
    they are, or `COMMON` + 1. `mended` are the words that no case says, each with the words looked
    for in its place.
    """

    query: str | None
    hits: int
    numbers: str | None
    mended: tuple[tuple[str, tuple[str, ...]], ...]


def understood(q: str, version: Version) -> Understood:
    """What a search means under a version of the data."""
    return _understood(q, version.key)


@lru_cache(maxsize=128)
def _understood(q: str, _version: str) -> Understood:
    with snapshot() as connection:
        query, hits, numbers = connection.execute(text(HITS), {"q": q, "most": COMMON + 1}).one()
        mended = connection.execute(text(MENDED), {"q": q}).all()
    named = None if hits > COMMON else numbers or "{}"
    return Understood(query, hits, named, tuple((typed, tuple(kin)) for typed, kin in mended))


def matches(q: str) -> Condition:
    """A version whose case holds the words."""
    found = select(CaseWords.case_number).where(_says(CaseWords.words, _query(q)))
    return V.case_number.in_(found)


def found_since(q: str, since: Instant) -> list[Condition]:
    """A version whose case holds the words, if there are any, and did not rest by `since`.

    No version of another one was open after it, and none tells of an event after it.
    """
    return [V.case_number.in_(select(_hits(q, since).c.case_number))] if q else []


@lru_cache(maxsize=128)
def _hits(q: str, since: Instant) -> CTE:
    """The cases to look at, gathered once however often a statement asks for them."""
    found = select(CaseWords.case_number).where(
        _says(CaseWords.words, func.searched(q)), CaseWords.rests_from > since
    )
    return found.cte().prefix_with("MATERIALIZED")


def among(numbers: BindParameter[str]) -> Condition:
    """A version of one of the cases that are told by an array's text."""
    return V.case_number == func.any(cast(numbers, ARRAY(Text)))


def holds(query: BindParameter[str]) -> Condition:
    """The same as `matches`, one row after the other, for words that are found nearly everywhere.

    The offset keeps the planner from gathering all hits first.
    """
    words = select(CaseWords.case_number).where(
        CaseWords.case_number == V.case_number,
        _says(CaseWords.words, cast(query, TSQUERY)),
    )
    return exists(words.correlate(VERSIONS).offset(0))


def said(q: str | BindParameter[str], moment: datetime | BindParameter[datetime]) -> Condition:
    """A version whose case held the words at an instant, as far as is known.

    To be asked beside that it holds them now: of a case that said by then what it says, no more is
    asked. `q` is what somebody typed, or a parameter that is given what it was understood as.
    """
    query = _query(q) if isinstance(q, str) else cast(q, TSQUERY)
    same = select(CaseWords.said_from <= moment).where(CaseWords.case_number == V.case_number)
    known = same.correlate(VERSIONS).scalar_subquery()
    return or_(known, _says(func.case_words(V.case_number, moment), query))


def _query(q: str) -> ColumnElement[Any]:
    return select(func.search_query(q)).scalar_subquery()


def _says(words: Any, query: ColumnElement[Any]) -> Condition:
    held: Condition = words.op("@@", is_comparison=True)(query)
    return held
