"""A page of the bugs behind the cases of a View, ready to be shown, and remembered."""

from dataclasses import dataclass
from typing import Any

import orjson

from app.bugs import COLUMNS, PAGE_SIZE, paged
from app.cache import remembered
from app.database import plain, snapshot
from app.ranking import Ranking
from app.scope import Scope
from app.version import Version


@dataclass(frozen=True, slots=True)
class RankedPage:
    """The rows of a page (`app.bugs.COLUMNS`), and how many bugs there are.

    `numbers`: in all (`total`), and with each filter beside the others in force.
    """

    rows: list[dict[str, Any]]
    numbers: dict[str, int]

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.numbers["total"] // PAGE_SIZE))


def ranked_page(scope: Scope, ranking: Ranking, version: Version) -> RankedPage:
    """One page of the ranking; remembered by (View, ranking, instant, data version).

    Instants are ISO 8601 texts.
    """
    key = ("bugs", ranking.to_query(), *scope.key, version.key)
    told = orjson.loads(remembered(key, lambda: _compute(scope, ranking)))
    return RankedPage(told["rows"], told["numbers"])


def _compute(scope: Scope, ranking: Ranking) -> str:
    with snapshot() as connection:
        found = plain(connection, paged(scope, ranking))
    names = [name for name in found[0] if name not in COLUMNS]
    rows = [{name: row[name] for name in COLUMNS} for row in found if row["key"] is not None]
    numbers = {name: int(found[0][name]) for name in names}
    return orjson.dumps({"rows": rows, "numbers": numbers}).decode()
