"""Whether PostgreSQL answers: noticed by those who ask it, and watched for while they wait.

A server that is gone refuses at once. One that is frozen, or behind a line that died, says nothing
at all, and whoever asked would wait for ever. So while somebody waits for long, a connection of its
own asks whether the server answers; when it does not, everybody's connections are cut, and for as
long as it lasts asking fails at once.
"""

import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import psycopg2
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.pool import QueuePool

log = logging.getLogger(__name__)

# Nobody waits for longer before it is asked whether the server answers at all.
WAIT_SECONDS = 2.0
LOOK_SECONDS = 0.5
# A machine that is merely busy may be slow once.
MISSES = 2
# The least that libpq knows.
CONNECT_SECONDS = 2
TOLD = "the database does not answer"

# A line that has died without a word is noticed within half a minute, at our end ...
KEEP_ALIVE = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# ... and at the server's: a client that died holds its locks no longer than that, one that hangs in
# the middle of a transaction a minute.
ALIVE = (
    "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c client_connection_check_interval=10s -c idle_in_transaction_session_timeout=60s"
)

# The marks of what is done now, one for each time that it met a database that was away. A list, for
# Dash runs callbacks in a copy of the context.
_met: ContextVar[list[str] | None] = ContextVar("met", default=None)


class _Watch:
    """What one process knows; the watching thread begins with the first who serves readers."""

    def __init__(self) -> None:
        self.away = False
        self.waiting: dict[object, float] = {}
        self.known: WeakSet[Any] = WeakSet()
        self.address: Callable[[], str | None] = lambda: None
        self.process = 0


_watch = _Watch()


class WatchedPool(QueuePool):
    """A pool that is known to wait, and does not while the database is away."""

    def connect(self) -> Any:
        """A connection of the pool; OperationalError at once while the database is away."""
        if _watch.away:
            note()
            raise OperationalError(TOLD, None, psycopg2.OperationalError(TOLD))
        with _counted(threading.get_ident()):
            return super().connect()


def look_anew() -> None:
    """What follows begins without having met anything."""
    _met.set([])


def was_met() -> bool:
    """Whether what is done since `look_anew` met a database that was away."""
    return bool(_met.get())


def note() -> None:
    """What is done now has met a database that was away."""
    marks = _met.get()
    if marks is not None:
        marks.append(TOLD)


def listen(engine: Engine) -> None:
    """Watch the connections of an engine whose pool is a WatchedPool."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        _watch.known.add(connection)

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: Any) -> None:
        with _counted(id(record)):
            renew_if_dead(connection)
        _watch.waiting[id(record)] = time.monotonic()

    @event.listens_for(engine, "checkin")
    def _given_back(_connection: Any, record: Any) -> None:
        _watch.waiting.pop(id(record), None)

    @event.listens_for(engine, "handle_error")
    def _failed(context: Any) -> None:
        if context.is_disconnect or context.connection is None:
            note()


def renew_if_dead(connection: Any, *_pooled: Any) -> None:
    """Have the pool make a connection anew that has died meanwhile, and nobody notices.

    A line on which nothing has come since it was last used is alive, as far as our end can tell;
    asking the server as well would cost each statement another one. The other end of a dead one
    has said so, or says it when it is asked.
    """
    line = select.poll()
    try:
        line.register(connection.fileno(), select.POLLIN)
        if line.poll(0):
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            connection.rollback()
    except (psycopg2.Error, ValueError) as error:  # a line that libpq has closed has the number -1
        raise InvalidatePoolError from error


@contextmanager
def by_itself(engine: Engine) -> Iterator[Connection]:
    """A connection for single statements, each of which commits by itself."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        # As an option of SQLAlchemy's it costs the pool a place where the line dies meanwhile.
        driver.autocommit = True
        try:
            yield connection
        finally:
            with suppress(psycopg2.Error):
                driver.autocommit = False


def begin(address: Callable[[], str | None]) -> None:
    """Watch in this process, if nobody does yet; `address` tells where the database is."""
    _watch.address = address
    if _watch.process != os.getpid():
        _watch.process = os.getpid()
        threading.Thread(target=_look, name="watch the database", daemon=True).start()


def forget() -> None:
    """Begin anew: another database, or another process."""
    _watch.away = False
    _watch.waiting.clear()
    _watch.known = WeakSet()


@contextmanager
def _counted(who: object) -> Iterator[None]:
    _watch.waiting[who] = time.monotonic()
    try:
        yield
    finally:
        _watch.waiting.pop(who, None)


def _look() -> None:
    asked_at, missed = 0.0, 0
    while True:
        time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        oldest = min(list(_watch.waiting.values()), default=now)
        patient = now - oldest < WAIT_SECONDS or now - asked_at < WAIT_SECONDS
        if not _watch.away and not missed and patient:
            continue
        asked_at = now
        missed = 0 if _answers() else missed + 1
        if not missed and _watch.away:
            log.warning("The database answers again")
            _watch.away = False
        elif missed >= MISSES and not _watch.away:
            log.warning("The database does not answer; its last answers are shown meanwhile")
            _watch.away = True
        if _watch.away:
            _cut()


def _answers() -> bool:
    """Whether a fresh connection gets through to the server; a refusal in words is an answer."""
    address = _watch.address()
    if address is None:
        return True
    try:
        psycopg2.connect(address, connect_timeout=CONNECT_SECONDS).close()
    except psycopg2.Error as error:
        return "FATAL" in str(error)
    return True


def _cut() -> None:
    """Wake all that wait for an answer: their connections end."""
    for connection in list(_watch.known):
        with suppress(psycopg2.Error, OSError):
            if not connection.closed:
                line = socket.socket(fileno=os.dup(connection.fileno()))
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                line.close()
