"""The versions that a View chooses on a board, as a statement of some of their columns.

What was open at a past instant lies scattered among all that has ended since. But few versions last
long: those that ended soon after the instant, those that lasted, and those still in force have an
index each, which together hold little more than what was open.
"""

from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, select, text, union_all

from app.board import Board
from app.links import Instant
from app.versions import VERSIONS, V
from app.view import View

# What the index of versions that lasted goes by (`app.models`).
LONG = timedelta(days=30)
INFINITY = text("'infinity'")
# What those three indexes can tell of a version; other filters have better ones, or need its row.
TOLD = {
    *("state", "severity", "status", "account", "engineer", "owner", "product", "group"),
    *("waiting_on", "escalated", "crit_sit", "escalation", "card", "card_status", "sla", "stale"),
}


def chosen(
    board: Board, view: View, *columns: ColumnElement[Any]
) -> Select[Any] | CompoundSelect[Any]:
    """Some columns of `V` for each case of a View, in no order."""
    found = select(*columns).select_from(VERSIONS).where(*board.conditions(view))
    several = parts(board.instant) if _parted(board, view) else []
    if not several:
        return found.where(board.known)
    return union_all(*(found.where(part) for part in several))


def parts(instant: Instant) -> list[ColumnElement[bool]]:
    """Conditions that share the open versions in force at an instant among them.

    There are none for an instant that a statement is given later, and for one of the last year that
    there is, which nothing could outlast.
    """
    if not isinstance(instant, datetime) or instant.year == MAXYEAR:
        return []
    begun, later = V.valid_from <= instant, instant + LONG
    lasted = func.timezone("UTC", V.valid_to) > func.timezone("UTC", V.valid_from) + LONG
    return [
        and_(begun, V.valid_to > instant, V.valid_to <= later),
        and_(begun, V.valid_to > later, V.valid_to < INFINITY, lasted),
        and_(begun, V.valid_to == INFINITY),
    ]


def _parted(board: Board, view: View) -> bool:
    return not board.live and view.state == "open" and set(view.filters()) <= TOLD
