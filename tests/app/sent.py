"""The statements that a block sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app import database

# A connection is prepared but once.
SETS = ("set ", "show ", "begin", "commit", "prepare ")


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Each with what is bound in it, in their order, but for those that only set something."""
    sent: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if not statement.lstrip().lower().startswith(SETS):
            sent.append((statement, parameters))

    engine = database.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
