"""Seeded worlds in databases of their own, made once and used again."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import psycopg2
from sqlalchemy.engine import make_url

from app import database, tables
from app.local import DATABASE
from app.lock import Servers
from app.settings import PREFIX, use
from etl.seed import seed

SEEDED = "select inserted from sync_runs where sync = 'seed' and state = 'finished'"


def address(servers: Servers, name: str) -> str:
    """The address of one of the servers' databases."""
    url = make_url(servers.database_url).set(database=name)
    return url.render_as_string(hide_password=False)


def world(servers: Servers, cases: int) -> tuple[str, float | None]:
    """The database that holds a world of so many cases, and the seconds that its making took.

    None where there was one: made by an earlier run, or by `caseboard seed`.
    """
    name = f"bench_{cases}"
    for known in (name, DATABASE):
        if _holds(servers, known) == cases:
            return known, None
    drop(servers, name)
    create(servers, name)
    with own_settings():
        use({"CASEBOARD_DATABASE_URL": address(servers, name)})
        database.reset()
        tables.upgrade()
        begun = time.perf_counter()
        seed(cases, 1, datetime.now(UTC))
        return name, time.perf_counter() - begun


@contextmanager
def own_settings() -> Iterator[None]:
    """Whatever the block sets is forgotten at its end."""
    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        database.reset()
        use(before)


@contextmanager
def empty(servers: Servers, name: str) -> Iterator[str]:
    """A database without cases for the length of the block, used by this process; its address."""
    drop(servers, name)
    create(servers, name)
    url = address(servers, name)
    use({"CASEBOARD_DATABASE_URL": url})
    database.reset()
    try:
        tables.upgrade()
        yield url
    finally:
        database.reset()
        drop(servers, name)


def create(servers: Servers, name: str) -> None:
    """Make a database."""
    _execute(servers, f"create database {name}")


def drop(servers: Servers, name: str) -> None:
    """Remove a database, whoever uses it."""
    _execute(servers, f"drop database if exists {name} with (force)")


def _execute(servers: Servers, statement: str) -> None:
    with closing(psycopg2.connect(address(servers, "postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _holds(servers: Servers, name: str) -> int | None:
    """How many cases were seeded into a database; None where it holds no seeded world."""
    try:
        with (
            closing(psycopg2.connect(address(servers, name))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(SEEDED)
            row = cursor.fetchone()
            cursor.execute("select version_num from alembic_version")
            known = cursor.fetchone()
    except psycopg2.Error:
        return None
    return row[0] if row and known == (database.head_revision(),) else None
