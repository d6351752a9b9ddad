"""The file is the screen: the rows of a View as CSV, streamed out of PostgreSQL by COPY.

Memory stays flat however many rows there are: the database writes the text, a thread moves it, and
the web server sends it on. Cells that a spreadsheet would run as a formula are neutralised by a
leading apostrophe (OWASP, CSV injection); numbers and instants are never touched.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import psycopg2

from app.columns import COLUMNS
from app.database import snapshot
from app.panel import Panel, columns_of
from app.pipe import Pipe, ReaderLeft
from app.scope import Scope
from app.selection import rows
from app.version import data_version
from app.view import View

CANCELS, CANCEL_SECONDS = 50, 0.1
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LIST_SEPARATOR = "; "
TIMEOUT = "10min"
# So many rows are asked for by themselves where an index gives them at once: a million rows are
# sorted before the first of them comes.
FIRST_ROWS = 1_000
# What the orders begin with that an index gives: at any instant, and while nothing is known after.
WALKED = ("updated",)
WALKED_LIVE = ("updated", "created", "account", "engineer", "product")

# The statements whose answers make a file one after the other, of the data that a connection sees.
# One with a limit that is not reached is the last.
Statements = Callable[[Connection], Iterator[Select[Any]]]


def csv_select(
    view: View, instant: datetime, *, live: bool = False, limit: int | None = None, offset: int = 0
) -> Select[Any]:
    """The rows of a View with every cell as the text that the file shall hold."""
    table = rows(view, instant, limit=limit, offset=offset, live=live).subquery("shown")
    cells = {name: _cell(table.c[name], COLUMNS[name].kind) for name in view.columns}
    if len(cells) == 1:
        # A line without anything is skipped by many readers: a lone missing value is written "".
        cells = {name: func.coalesce(cast(cell, Text), "") for name, cell in cells.items()}
    return select(*(cell.label(name) for name, cell in cells.items()))


def panel_csv_select(panel: Panel, scope: Scope) -> Select[Any]:
    """The rows of a panel with every text cell made inert."""
    table = panel.select(scope).subquery("shown")
    columns = [table.c[measure.name] for measure in columns_of(panel, scope)]
    return select(
        *(
            _inert(column).label(column.name) if isinstance(column.type, Text) else column
            for column in columns
        )
    )


def inert_texts(statement: Select[Any]) -> Select[Any]:
    """Any statement with every text made inert, its instants as ISO 8601, its flags yes or no."""
    kinds = {Text: "text", DateTime: "instant", Boolean: "flag"}
    return select(
        *(
            _cell(column, kinds.get(type(column.type), "number")).label(column.name)
            for column in statement.subquery("shown").c
        )
    )


def _stays() -> bool:
    return False


def case_csv(view: View, instant: datetime, left: Callable[[], bool] = _stays) -> Iterator[bytes]:
    """The CSV of a View: a header with the column names, then its rows in its order (UTF-8)."""

    def statements(connection: Connection) -> Iterator[Select[Any]]:
        live = data_version(connection).live(instant)
        if view.q or view.order()[0][0] not in (WALKED_LIVE if live else WALKED):
            yield csv_select(view, instant, live=live)
            return
        yield csv_select(view, instant, live=live, limit=FIRST_ROWS)
        yield csv_select(view, instant, live=live, offset=FIRST_ROWS)

    return _streamed(statements, view.tz, left)


def copied(
    statement: Select[Any], *, zone: str, left: Callable[[], bool] = _stays
) -> Iterator[bytes]:
    """The answer of a statement as CSV, in chunks as the database gives them.

    A reader that leaves early ends the statement; `left` tells of one that leaves while there is
    nothing to send. An error of the database breaks the stream, so that a cut file is never taken
    for a whole one.
    """
    return _streamed(lambda _: iter([statement]), zone, left)


def _streamed(statements: Statements, zone: str, left: Callable[[], bool]) -> Iterator[bytes]:
    pipe = Pipe(left)
    worker = threading.Thread(target=_copy, args=(statements, zone, pipe), daemon=True)
    worker.start()
    try:
        yield from pipe
    finally:
        # Sent just before the statement begins, a cancel is lost: so it is sent until it is heard.
        for _ in range(CANCELS):
            pipe.close()
            worker.join(timeout=CANCEL_SECONDS)
            if not worker.is_alive():
                break


def _copy(statements: Statements, zone: str, pipe: Pipe) -> None:
    try:
        with snapshot() as connection:
            connection.execute(
                text(
                    "select set_config('timezone', :zone, true), "
                    "set_config('statement_timeout', :timeout, true)"
                ),
                {"zone": zone, "timeout": TIMEOUT},
            )
            cursor: Any = connection.connection.cursor()
            for place, statement in enumerate(statements(connection)):
                if place == 0:
                    pipe.write(_header(statement))
                elif cursor.rowcount < FIRST_ROWS:
                    break
                # More may take a while to be found; the reader sees meanwhile that it comes.
                pipe.flush()
                with pipe.cancelled_by(cursor.connection.cancel):
                    cursor.copy_expert(_bound(cursor, statement), pipe)
                pipe.flush()
    except ReaderLeft:
        return
    except Exception as error:  # noqa: BLE001 - whatever it was, the reader sees a broken stream
        pipe.finish(error)
    else:
        pipe.finish()


def _bound(cursor: Any, statement: Select[Any]) -> str:
    """COPY takes no parameters of its own; the driver binds them as for any statement."""
    compiled = statement.compile(dialect=psycopg2.dialect())  # type: ignore[no-untyped-call]
    told = compiled.construct_expanded_state()
    asked: str = cursor.mogrify(told.statement, told.parameters).decode()
    return f"copy ({asked}) to stdout with (format csv)"


def _header(statement: Select[Any]) -> bytes:
    """The names of the columns, which are plain words, as the first line."""
    return f"{','.join(column.name for column in statement.selected_columns)}\n".encode()


def _cell(column: ColumnElement[Any], kind: str) -> ColumnElement[Any]:
    if kind == "instant":
        return func.to_char(column, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM')
    if kind == "list":
        return _inert(func.array_to_string(column, LIST_SEPARATOR))
    if kind == "flag":
        return case((column, "yes"), else_="no")
    if kind == "text":
        return _inert(column)
    return column


def _inert(column: ColumnElement[Any]) -> ColumnElement[Any]:
    words = cast(column, Text)
    first = func.left(words, 1)
    return case((first.in_(FORMULA_STARTS), literal("'") + words), else_=words)
