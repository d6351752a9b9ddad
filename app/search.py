"""Quick search: through numbers, summaries, descriptions, comments, cards and bugs of cases.

What somebody typed becomes a query in the database (`search_query`, in the migration of the desk):
every word must occur, as typed or as the beginning of a longer one; of a word that no case says,
the most similar ones are looked for instead.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, exists, func, select, text

from app.database import snapshot
from app.models import CaseWords
from app.version import Version
from app.versions import VERSIONS, V

# From so many hits on it is faster to look at the rows in their order until a page is full.
COMMON = 10_000

HITS = """
select count(*) from (
    select from case_words where words @@ (select search_query(:q)) limit :most
) hits
"""
MENDED = "select typed, kin from search_terms(:q) where kin <> '{}' order by place"


@dataclass(frozen=True, slots=True)
class Understood:
    """How many cases of all times match (`COMMON` + 1: at least so many), and what was mended.

    `mended` are the words that no case says, each with the words looked for in its place.
    """

    hits: int
    mended: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def common(self) -> bool:
        """Whether the words are found nearly everywhere."""
        return self.hits > COMMON


def understood(q: str, version: Version) -> Understood:
    """What a search means under a version of the data."""
    return _understood(q, version.key)


@lru_cache(maxsize=512)
def _understood(q: str, _version: str) -> Understood:
    with snapshot() as connection:
        hits = connection.execute(text(HITS), {"q": q, "most": COMMON + 1}).scalar_one()
        mended = connection.execute(text(MENDED), {"q": q}).all()
    return Understood(hits, tuple((typed, tuple(kin)) for typed, kin in mended))


def matches(q: str, moment: datetime | BindParameter[datetime] | None) -> ColumnElement[bool]:
    """A version whose case holds the words; with `moment`, held them then."""
    query = select(func.search_query(q)).scalar_subquery()
    found = V.case_number.in_(
        select(CaseWords.case_number).where(CaseWords.words.op("@@", is_comparison=True)(query))
    )
    if moment is None:
        return found
    then: Any = func.case_words(V.case_number, moment)
    return found & then.op("@@", is_comparison=True)(query)


def holds(q: str) -> ColumnElement[bool]:
    """The same of one row after the other, for words that are found nearly everywhere."""
    query = select(func.search_query(q)).scalar_subquery()
    words = select(CaseWords.case_number).where(
        CaseWords.case_number == V.case_number,
        CaseWords.words.op("@@", is_comparison=True)(query),
    )
    # The offset keeps the planner from gathering all hits first.
    return exists(words.correlate(VERSIONS).offset(text("0")))
