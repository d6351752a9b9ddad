"""The portal's cases, counted by when they were created."""

from datetime import UTC, datetime

from sqlalchemy import select

from app.database import transaction
from app.models import Case
from etl.sources.portal import RESULT_WINDOW, Portal
from etl.sources.portal_records import tags
from etl.sources.texts import instant

KEY_FIELDS = "case_number,case_tags,case_lastModifiedDate"
ROOM = 1_000
FIELD = "case_createdDate"
# Everything lies between these (seconds since 1970).
FIRST, LAST = 0, 1 << 40


class CountedCases:
    """A source of `etl.reconcile.narrowing`; places are seconds since 1970.

    What was changed after `until` is left out: the next sync of the cases reads it.
    """

    def __init__(self, portal: Portal, wanted: str | None, until: datetime) -> None:
        self._portal, self._wanted, self._until = portal, wanted, until
        # A tag is asked for with stars around it, which longer ones fit as well.
        self.exact = wanted is None
        self.coming: set[str] = set()

    def count(self, start: int, end: int) -> int:
        """How many cases were created in a range, those with a similar tag included."""
        return self._portal.search(_within(start, end), rows=0).total

    def keys(self, start: int, end: int) -> set[str] | None:
        """The numbers of the cases created in a range that have the wanted tag."""
        room = RESULT_WINDOW if end - start <= 1 else ROOM
        found = self._portal.search(_within(start, end), rows=room, fields=KEY_FIELDS)
        if found.total > len(found.docs):
            return None
        numbers = set()
        for doc in found.docs:
            if self._wanted is not None and self._wanted not in tags(doc.get("case_tags")):
                continue
            number = str(doc.get("case_number"))
            numbers.add(number)
            changed = instant(doc.get("case_lastModifiedDate"), "case_lastModifiedDate")
            if changed is None or changed > self._until:
                self.coming.add(number)
        return numbers


def held() -> dict[str, int]:
    """The cases of the portal that are on the board, by number: when each was created."""
    asked = select(Case.case_number, Case.created_date).where(
        Case.source == "portal", Case.gone_at.is_(None), Case.created_date.is_not(None)
    )
    with transaction() as connection:
        rows = connection.execute(asked).all()
    return {number: int(created.timestamp()) for number, created in rows}


def _within(start: int, end: int) -> str:
    """Solr's ranges hold both their ends."""
    return f"{FIELD}:[{_told(start)} TO {_told(end - 1)}]"


def _told(second: int) -> str:
    if not FIRST < second < LAST - 1:
        return "*"
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"
