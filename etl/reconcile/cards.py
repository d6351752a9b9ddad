"""The cards of a JIRA project, counted by the number in their keys."""

from datetime import datetime

from sqlalchemy import select

from app.database import transaction
from app.models import JiraCard
from etl.sources.jira import PAGE, Issue, Jira
from etl.sources.jira_records import updated

FIRST, LAST = 1, 1 << 40
ROOM = 5 * PAGE


class CountedCards:
    """A source of `etl.reconcile.narrowing`; places are the numbers of keys.

    What was changed after `until` is left out: the next sync of the cards reads it.
    """

    exact = True

    def __init__(self, jira: Jira, condition: str, project: str, until: datetime) -> None:
        self._jira, self._condition = jira, condition
        self._project, self._until = project, until
        self.coming: set[str] = set()

    def count(self, start: int, end: int) -> int:
        """How many cards there are in a range."""
        return self._jira.count(self._within(start, end))

    def keys(self, start: int, end: int) -> set[str] | None:
        """The keys of the cards in a range."""
        if self.count(start, end) > ROOM and end - start > 1:
            return None
        found = set()
        for issue in self._jira.updates(self._within(start, end)):
            key = str(issue["key"])
            found.add(key)
            if updated(Issue(key, issue, [], [])) > self._until:
                self.coming.add(key)
        return found

    def _within(self, start: int, end: int) -> str:
        told = self._condition
        if start > FIRST:
            told += f' AND key >= "{self._project}-{start}"'
        if end < LAST:
            told += f' AND key < "{self._project}-{end}"'
        return told


def held(kind: str, project: str) -> dict[str, int]:
    """The cards of a kind in a project that are on the board, by key: its number."""
    asked = select(JiraCard.key).where(JiraCard.kind == kind, JiraCard.gone_at.is_(None))
    with transaction() as connection:
        keys = connection.execute(asked).scalars().all()
    parts = [(key, *key.rpartition("-")[::2]) for key in keys]
    return {key: int(number) for key, own, number in parts if own == project and number.isdigit()}
