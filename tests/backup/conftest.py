"""A made-up world with everything in it, seeded once for the tests of a file."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app import database, tables
from app.settings import use
from etl.seed import seed
from tests.conftest import EMPTY, cloned, own_settings

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)

OTHERS = """
insert into users (issuer, name_id_format, name_id, name, role, groups)
values ('idp', 'persistent', 'p-1', 'Zoë "Quote" O''Hara', 'admin', array['a,b', 'ü']);
insert into sessions (digest, user_id, expires_at)
select 'd1', id, now() + interval '1 hour' from users where name_id = 'p-1';
insert into api_tokens (digest, prefix, name, user_id, scopes, expires_at)
select 't1', 'cb_1', 'robot', id, array['read'], now() + interval '9 days' from users limit 1;
insert into saml_seen values ('idp', 'm1', now() + interval '1 hour');
insert into saved_views (owner, name, query, layout)
values ('idp/p-1', 'Mine', 'severity=1', '{"columns": ["number"], "n": 1.50}');
insert into annotations (at, told, author) values (now() - interval '9 days', 'Release', 'Zoë');
insert into mutes (list, subject, reason, until, by)
values ('no-card', '01', 'known', now() + interval '1 day', 'Zoë');
insert into audit_log (actor, act, outcome, detail) values ('Zoë', 'export', 'done', '{"rows": 7}');
insert into watermarks (source, name, value) values ('cases', 'until', '2026-02-28T00:00:00+00:00');
insert into metric_snapshots (day, metric, value, version)
values ('2026-02-01', 'open_cases', '{"unit": "cases", "value": 12}', 1)
"""


def fill(cases: int) -> None:
    """Seed the connected database, and put a row or more into every other table of note."""
    tables.upgrade()
    seed(cases, 7, UNTIL)
    with database.transaction() as connection:
        for statement in OTHERS.split(";\n"):
            connection.execute(text(statement.replace(":", r"\:")))


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    """A filled database for the tests of one file, which only read it; its URL."""
    with cloned(EMPTY) as url:
        fill(400)
        yield url


def url_of(name: str) -> str:
    """The URL of another database of the server under test."""
    url = make_url(os.environ["TEST_SERVERS_DATABASE"]).set(database=name)
    return url.render_as_string(hide_password=False)


def execute(statement: str, name: str = "postgres") -> None:
    """Run a statement that wants no transaction."""
    connection = psycopg2.connect(url_of(name))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@contextmanager
def connected(url: str) -> Iterator[None]:
    """Work with another database for the length of the block."""
    database.reset()
    try:
        with own_settings():
            use({"CASEBOARD_DATABASE_URL": url})
            yield
    finally:
        database.reset()


@contextmanager
def bare() -> Iterator[str]:
    """A database without any table, connected to for the length of the block."""
    name = f"test_{uuid.uuid4().hex}"
    execute(f"create database {name}")
    try:
        with connected(url_of(name)):
            yield url_of(name)
    finally:
        execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def dump(world, tmp_path_factory) -> Path:
    """A backup of the world."""
    from app.backup.make import backup

    path, _ = backup(tmp_path_factory.mktemp("backup") / "board.dump")
    return path
