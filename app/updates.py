"""What was said in a period about the cases that have a card, comment by comment."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, func, select, true

from app.board import Board
from app.cache import remembered
from app.database import plain, snapshot
from app.report.comments import said_in
from app.version import Version
from app.versions import TICK, V
from app.view import View
from app.view_fields import write_instant

MOST_CASES = 100
LONGEST_TEXT = 20_000
STANDING = ("summary", "account", "severity", "card", "card_status", "engineer")


def updates(view: View, start: datetime, end: datetime) -> Select[Any]:
    """The comments in `[start, end)` on cases of a View that have a card, newest first in a case.

    Ordered by account, card status and case, what is not set last; of the first `MOST_CASES` cases.
    Columns: `number`, `source`, `author`, `text` (at most `LONGEST_TEXT` characters), `at`,
    `is_public`, each of `STANDING` as it is at the end, `cases` and `comments` (how many in all).
    """
    board = Board.at(end - TICK)
    said = said_in(start, end, LONGEST_TEXT)
    case = (
        select(*(V[name] for name in STANDING))
        .where(V.case_number == said.c.number, board.known, *board.conditions(view))
        .where(V.card.is_not(None))
        .limit(1)
        .lateral("standing")
    )
    c = case.c
    order = [
        part
        for column in (c.account, c.card_status)
        for part in (column.is_(None), func.lower(column), column)
    ]
    place = func.dense_rank().over(order_by=[*order, said.c.number])
    every = (
        select(
            said,
            *(c[name] for name in STANDING),
            place.label("place"),
            func.count().over().label("comments"),
        )
        .select_from(said.join(case, true()))
        .subquery("every")
    )
    e = every.c
    cases = select(func.max(e.place)).scalar_subquery().label("cases")
    return (
        select(*(column for column in e if column.name != "length"), cases)
        .where(e.place <= MOST_CASES)
        .order_by(e.place, e.at.desc(), e.id)
    )


def updates_of(
    view: View, start: datetime, end: datetime, version: Version
) -> list[dict[str, Any]]:
    """The rows of `updates`, remembered while the data stay."""
    asked = view.only_filters().but(as_of=end - TICK)
    key = ("updates", asked.to_query(), write_instant(start), version.key)

    def compute() -> str:
        with snapshot() as connection:
            rows = plain(connection, updates(asked, start, end))
            # Names that SQLAlchemy quotes are texts of a kind of their own.
            told = [{str(name): value for name, value in row.items()} for row in rows]
            return orjson.dumps(told).decode()

    rows: list[dict[str, Any]] = orjson.loads(remembered(key, compute))
    for row in rows:
        row["at"] = datetime.fromisoformat(row["at"])
    return rows
