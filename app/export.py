"""The file is the screen: the rows of a View as CSV, streamed out of PostgreSQL by COPY.

Memory stays flat however many rows there are: the database writes the text, a thread moves it, and
the web server sends it on. Cells that a spreadsheet would run as a formula are neutralised by a
leading apostrophe (OWASP, CSV injection); numbers and instants are never touched.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
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
from app.scope import Scope
from app.selection import rows
from app.view import View

CHUNKS_AHEAD = 16
# How often it is looked whether somebody still waits while the database has nothing to say.
LOOK_SECONDS = 1.0
CANCELS, CANCEL_SECONDS = 50, 0.1
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LIST_SEPARATOR = "; "
TIMEOUT = "10min"


def csv_select(view: View, instant: datetime) -> Select[Any]:
    """The rows of a View with every cell as the text that the file shall hold."""
    table = rows(view, instant).subquery("shown")
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
    return copied(csv_select(view, instant), zone=view.tz, left=left)


def copied(
    statement: Select[Any], *, zone: str, left: Callable[[], bool] = _stays
) -> Iterator[bytes]:
    """The answer of a statement as CSV, in chunks as the database gives them.

    A reader that leaves early ends the statement; `left` tells of one that leaves while there is
    nothing to send. An error of the database breaks the stream, so that a cut file is never taken
    for a whole one.
    """
    pipe = _Pipe(left)
    worker = threading.Thread(target=_copy, args=(statement, zone, pipe), daemon=True)
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


class ReaderLeft(Exception):
    """Nobody reads the pipe any more."""


class _Pipe:
    """A bounded hand-over between COPY, which writes, and the web server, which reads."""

    def __init__(self, left: Callable[[], bool]) -> None:
        self._left = left
        self._chunks: queue.Queue[bytes | BaseException | None] = queue.Queue(CHUNKS_AHEAD)
        self._closed = threading.Event()
        self._buffer = bytearray()
        self._guard = threading.Lock()
        self._cancel: Callable[[], object] | None = None

    def write(self, data: bytes) -> int:
        self._buffer += data
        if len(self._buffer) >= 65_536:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._buffer:
            self._put(bytes(self._buffer))
            self._buffer.clear()

    def finish(self, error: BaseException | None = None) -> None:
        """Tell the reader that this was all, or why there is no more."""
        try:
            if error is None:
                self.flush()
            self._put(error)
        except ReaderLeft:
            return

    def close(self) -> None:
        """Nobody reads any more: end the statement that still writes."""
        self._closed.set()
        with self._guard:
            if self._cancel is not None:
                self._cancel()

    @contextmanager
    def cancelled_by(self, cancel: Callable[[], object]) -> Iterator[None]:
        """While the block runs, closing the pipe calls `cancel`; never after it."""
        with self._guard:
            if self._closed.is_set():
                raise ReaderLeft
            self._cancel = cancel
        try:
            yield
        finally:
            with self._guard:
                self._cancel = None

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                chunk = self._chunks.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                if self._left():
                    raise ReaderLeft from None
                continue
            if isinstance(chunk, BaseException):
                raise chunk
            if chunk is None:
                return
            yield chunk

    def _put(self, chunk: bytes | BaseException | None) -> None:
        while not self._closed.is_set():
            try:
                self._chunks.put(chunk, timeout=0.2)
            except queue.Full:
                continue
            return
        raise ReaderLeft


def _copy(statement: Select[Any], zone: str, pipe: _Pipe) -> None:
    compiled = statement.compile(
        dialect=psycopg2.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
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
            # COPY takes no parameters of its own; the driver binds them as for any statement.
            bound = cursor.mogrify(str(compiled), compiled.params).decode()
            # The first row may take a while to be found; the reader sees meanwhile that it comes.
            pipe.write(_header(statement))
            pipe.flush()
            with pipe.cancelled_by(cursor.connection.cancel):
                cursor.copy_expert(f"copy ({bound}) to stdout with (format csv)", pipe)
    except ReaderLeft:
        return
    except Exception as error:  # noqa: BLE001 - whatever it was, the reader sees a broken stream
        pipe.finish(error)
    else:
        pipe.finish()


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
