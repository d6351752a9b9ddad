"""What became of a sprint: its tracking cards by status and by assignee."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from app.database import snapshot
from app.filters import DONE
from app.settings import get_settings

NOBODY = "nobody"

# The sprint in which something happened last.
LATEST = """
select sprint from jira_cards
where kind = 'tracking' and gone_at is null and sprint is not null
group by sprint order by max(updated_at) desc nulls last, sprint desc limit 1
"""
CARDS = """
select j.key, j.status, j.assignee, j.summary, j.case_number,
    c.case_number is not null and (c.closed_date is not null or c.gone_at is not null) as over
from jira_cards j left join cases c on c.case_number = j.case_number
where j.kind = 'tracking' and j.gone_at is null and j.sprint = :sprint
order by j.key
"""


@dataclass(frozen=True, slots=True)
class Sprint:
    """`by_status`: cards by status on the board; `by_person`: (cards, of them done) by assignee.

    `left` are cards that are not done, though their case is closed: (key, case, status).
    """

    name: str
    cards: int
    done: int
    by_status: dict[str, int]
    by_person: dict[str, tuple[int, int]]
    left: tuple[tuple[str, str, str], ...]


def sprint(name: str | None = None) -> Sprint | None:
    """A sprint by its exact name, else the latest; None when no card is in it."""
    with snapshot() as connection:
        name = name or connection.execute(text(LATEST)).scalar()
        found = connection.execute(text(CARDS), {"sprint": name}).all() if name else []
    return _summary(str(name), found) if found else None


def _summary(name: str, found: Sequence[Row[Any]]) -> Sprint:
    known = {told.lower(): board for told, board in get_settings().jira_status_map.items()}
    statuses = [known.get(str(card.status).lower(), str(card.status)) for card in found]
    cards, done = Counter[str](), Counter[str]()
    for card, status in zip(found, statuses, strict=True):
        cards[card.assignee or NOBODY] += 1
        done[card.assignee or NOBODY] += status == DONE
    return Sprint(
        name,
        len(found),
        done.total(),
        dict(Counter(statuses).most_common()),
        {person: (number, done[person]) for person, number in cards.most_common()},
        tuple(
            (card.key, card.case_number, status)
            for card, status in zip(found, statuses, strict=True)
            if card.over and status != DONE
        ),
    )
