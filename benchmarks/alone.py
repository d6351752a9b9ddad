"""The statements behind an answer, run alone: by a cursor of the driver, and nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import orjson
import psycopg2
from flask import Flask
from sqlalchemy import event

from app import database
from app.settings import get_settings
from app.version import PREPARED
from benchmarks.asks import Ask, Site

Statement = tuple[str, Any]
# What every request does beside its answer.
SOME = """
select case_number from cases where created_date >= (
    select min(created_date) + (max(created_date) - min(created_date)) / 2 from cases
) order by created_date limit 1
"""
BESIDE = (f"prepare {PREPARED}", f"execute {PREPARED}", "set ", "insert into audit")


@lru_cache(maxsize=1)
def _application() -> Flask:
    """The board; one for all worlds, as only the first one of a process has callbacks."""
    from app.server import create_app

    return create_app()


class Witness:
    """The board in this process, which remembers nothing, to see which statements it runs."""

    def __init__(self) -> None:
        self._client = _application().test_client()

    def statements(self, *asks: Ask) -> list[Statement]:
        """Those that some requests run, but for what every request does."""
        # Once before: what is compiled and looked up once in a process is no part of an answer.
        for ask in asks:
            self._send(ask)
        with _noted() as noted:
            for ask in asks:
                self._send(ask)
        return [one for one in noted if not one[0].strip().startswith(BESIDE)]

    def alone(self, *asks: Ask) -> Callable[[], object]:
        """The same, ready to be run by a cursor, one after the other."""
        return cursor_run(self.statements(*asks))

    def site(self) -> Site:
        """The requests that can be made."""
        return Site(orjson.loads(self._client.get("/_dash-dependencies").data))

    @staticmethod
    def number() -> str:
        """The number of some case in the midst of all."""
        with database.engine().connect() as connection:
            return str(connection.exec_driver_sql(SOME).scalar_one())

    def _send(self, ask: Ask) -> None:
        if ask.body is None:
            answer = self._client.get(ask.path)
        else:
            answer = self._client.post(ask.path, data=ask.body, content_type="application/json")
        if answer.status_code not in {200, 204}:
            raise RuntimeError(f"{ask.path}: {answer.status_code} {answer.data[:300]!r}")


def cursor_run(statements: list[Statement]) -> Callable[[], object]:
    """Statements run by a cursor of the driver, on a connection as the board makes it."""
    connection = connect()

    def run() -> object:
        told = []
        with connection.cursor() as cursor:
            for sql, given in statements:
                cursor.execute(sql, given)
                told.append(cursor.fetchall())
        return told

    return run


def connect() -> Any:
    """A connection of the driver, which commits by itself, with the board's own options."""
    url = get_settings().database_url
    connection = psycopg2.connect(url, options=database.OPTIONS)
    connection.autocommit = True
    return connection


@contextmanager
def _noted() -> Iterator[list[Statement]]:
    noted: list[Statement] = []

    def note(
        _connection: Any,
        _cursor: Any,
        sql: str,
        given: Any,
        _context: Any,
        _many: bool,
    ) -> None:
        noted.append((sql, given))

    engine = database.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(engine, "before_cursor_execute", note)
