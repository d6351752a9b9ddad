"""The way to PostgreSQL: one engine per process, transactions, frames, migrations."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app import away
from app.migrations.known import alembic, known, patiently, refuse_newer, refuse_unknown
from app.settings import SettingsError, get_settings

if TYPE_CHECKING:
    # Loading it takes half a second, and most commands and workers never make a frame.
    import pandas as pd

log = logging.getLogger(__name__)

# A page never needs longer; a statement that does has lost its reader.
OLDEST_POSTGRESQL = 15
STATEMENT_SECONDS = 15
STATEMENT_CANCELLED = "57014"
SNAPSHOT = "set transaction isolation level repeatable read, read only"
# jit and a second worker cost more than they save on statements of milliseconds (see
# docs/decisions); a year of days is sorted and hashed in memory.
OPTIONS = " ".join(
    (
        "-c timezone=UTC -c jit=off -c parallel_setup_cost=30000 -c work_mem=32MB",
        f"-c statement_timeout={STATEMENT_SECONDS}s",
        away.ALIVE,
    )
)
POOL_SIZE = 8
POOL_TIMEOUT_SECONDS = 3

# Where what this thread does now reads. Whoever only reads says `undecided` first; the replica is
# chosen when it knows all that the primary knew a moment before, so nobody misses what they wrote.
reads: ContextVar[Literal["primary", "undecided", "replica"]] = ContextVar(
    "reads", default="primary"
)
KNOWN = "select pg_current_wal_lsn()"
ABREAST = "select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= cast(%(known)s as pg_lsn)"
AVOID_SECONDS = 5.0

# Seconds that a statement may take in what this thread does now.
patience: ContextVar[int] = ContextVar("patience", default=STATEMENT_SECONDS)


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The process's engine. Made on first use, so that a forked child never shares a socket.

    Raises SettingsError when no database is configured.
    """
    url = get_settings().database_url
    if not url:
        raise SettingsError(
            "CASEBOARD_DATABASE_URL is not set: give the address of a PostgreSQL database "
            "(postgresql://user:password@host/name), or start with `caseboard up`, "
            "which brings its own."
        )
    made = _engine(url, poolclass=away.WatchedPool)
    away.listen(made)
    return made


def watch() -> None:
    """See to it that nobody in this process waits for a database that does not answer."""
    away.begin(_address)


def _address() -> str | None:
    """Where the database is, as libpq wants it."""
    url = get_settings().database_url
    if not url:
        return None
    told = make_url(url).set(drivername="postgresql")
    return told.render_as_string(hide_password=False)


@lru_cache(maxsize=1)
def replica() -> Engine | None:
    """The engine of the streaming replica, None where there is none."""
    url = get_settings().replica_url
    if not url:
        return None
    made = _engine(url)
    event.listen(made, "checkout", away.renew_if_dead)
    return made


def _engine(url: str, **given: Any) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=POOL_SIZE,
        max_overflow=4,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        # What statements are given may be texts of cases; faults are logged without.
        hide_parameters=True,
        connect_args={
            "connect_timeout": 2,
            "application_name": "caseboard",
            "options": OPTIONS,
            **away.KEEP_ALIVE,
        },
        **given,
    )


@contextmanager
def transaction() -> Iterator[Connection]:
    """A read-write transaction: commits at the end of the block, rolls back on an error."""
    reads.set("primary")  # whoever has written reads what they wrote
    with engine().begin() as connection:
        _limit(connection)
        yield connection


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A read-only transaction in which every statement sees the same data."""
    with _reader().connect() as connection:
        connection.exec_driver_sql(SNAPSHOT)
        _limit(connection)
        yield connection


def _reader() -> Engine:
    """Where to read: one place for all that is done in one go, so that version and data agree."""
    if reads.get() == "undecided":
        reads.set("replica" if _is_abreast() else "primary")
    copy = replica() if reads.get() == "replica" else None
    return copy or engine()


class _Avoided:
    until = 0.0  # by the monotonic clock: a replica that is away costs one request its time-out


def _is_abreast() -> bool:
    """Whether the replica knows all that the primary knew when it was asked just before."""
    copy = replica()
    if copy is None or time.monotonic() < _Avoided.until:
        return False
    with away.by_itself(engine()) as primary:
        known = primary.exec_driver_sql(KNOWN).scalar_one()
    try:
        with away.by_itself(copy) as connection:
            return bool(connection.exec_driver_sql(ABREAST, {"known": known}).scalar_one())
    except (DBAPIError, PoolTimeoutError) as error:
        _Avoided.until = time.monotonic() + AVOID_SECONDS
        log.warning("The replica does not answer (%s); the primary does", type(error).__name__)
        return False


@contextmanager
def alone() -> Iterator[Connection]:
    """A connection for one statement, which sees one state of the data without a transaction."""
    with away.by_itself(_reader()) as connection:
        yield connection


def _limit(connection: Connection) -> None:
    """Let no statement of a transaction take longer than `patience`; costs nothing by default."""
    seconds = patience.get()
    if seconds != STATEMENT_SECONDS:
        connection.exec_driver_sql(f"set local statement_timeout = '{int(seconds)}s'")


def read(
    select: Executable,
    parameters: Mapping[str, Any] | None = None,
    *,
    connection: Connection | None = None,
) -> "pd.DataFrame":
    """The rows of a statement as a frame, a column per selected column, in their order.

    Instants arrive as UTC timestamps. With `connection` the statement joins that transaction.
    """
    if connection is None:
        with snapshot() if patience.get() != STATEMENT_SECONDS else alone() as own:
            return read(select, parameters, connection=own)
    import pandas as pd  # noqa: PLC0415 - see above

    result = connection.execute(select, parameters or {})
    # Pandas asks every row of the driver's for things that a plain one need not be asked.
    return pd.DataFrame.from_records(list(map(tuple, result.all())), columns=list(result.keys()))


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of one compiled statement (`%(name)s` parameters), without a frame around them."""
    with alone() as connection:
        return list(map(tuple, connection.exec_driver_sql(sql, dict(parameters)).all()))


def fetch_prepared(name: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement without parameters, which each connection plans but once.

    For what nearly every request asks, where planning takes longer than doing. `name` is its own.
    """
    with alone() as connection:
        if name not in connection.info:
            connection.exec_driver_sql(f"prepare {name} as {sql}")
            connection.info[name] = True
        return list(map(tuple, connection.exec_driver_sql(f"execute {name}").all()))


def fetch_rows(select: Executable) -> list[tuple[Any, ...]]:
    """The rows of one statement as plain tuples, without a frame around them."""
    with alone() as connection:
        return list(map(tuple, connection.execute(select).all()))


def took_too_long(error: BaseException) -> bool:
    """Whether the database ended a statement because its time was up."""
    return getattr(getattr(error, "orig", None), "pgcode", None) == STATEMENT_CANCELLED


def plain(connection: Connection, select: Executable) -> list[dict[str, Any]]:
    """The rows of a statement as plain values by column, without a frame between."""
    found = connection.execute(select).mappings()
    return [{str(name): value for name, value in row.items()} for row in found]


def upgrade(revision: str = "head") -> None:
    """Bring the tables forward to `revision`; SettingsError on a PostgreSQL that is too old."""
    with engine().connect() as connection:
        major = int(connection.exec_driver_sql("show server_version_num").scalar_one()) // 10_000
    if major < OLDEST_POSTGRESQL:
        raise SettingsError(
            f"CASEBOARD_DATABASE_URL leads to a PostgreSQL {major}; Caseboard needs "
            f"{OLDEST_POSTGRESQL} or newer."
        )
    refuse_newer(current_revision())
    patiently(lambda: command.upgrade(alembic(), revision))


def downgrade(revision: str) -> None:
    """Bring the tables back to `revision` (`base`: no tables at all).

    SettingsError when this release does not know that revision, or not the one they are at.
    """
    refuse_newer(current_revision())
    refuse_unknown(revision)
    patiently(lambda: command.downgrade(alembic(), revision))


def current_revision() -> str | None:
    """The revision of the connected database, None for an empty one."""
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The newest revision that this version of Caseboard knows."""
    return known()[0]


def knows(revision: str) -> bool:
    """Whether this version of Caseboard has that revision among its migrations."""
    return revision in known()


def forget() -> None:
    """Make connections anew, leaving alone those that there are: they are the parent's."""
    _drop(close=False)


# A child that used its parent's connections would read the parent's answers.
os.register_at_fork(after_in_child=forget)


def reset() -> None:
    """Close all connections and forget the engine; the next use reads the settings anew."""
    _drop(close=True)


def _drop(*, close: bool) -> None:
    for made in (engine, replica):
        known = made() if made.cache_info().currsize else None
        if known is not None:
            known.dispose(close=close)
        made.cache_clear()
    _Avoided.until = 0.0
    away.forget()
