"""What a database holds, in a few numbers: rows and a hash per table, values of the catalogue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.metrics import board_values

# Who is signed in, and what is under way, ends with the database: restored, it could only let
# somebody in who has left. Its tables are there, empty.
LEFT_OUT = (
    "sessions",
    "saml_requests",
    "saml_seen",
    "saml_codes",
    "saml_sessions",
    "sync_sightings",
)
INSTANTS = 10

TABLES = """
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not c.relispartition
order by 1
"""
# The same in whatever order the rows lie, and on every version of PostgreSQL.
HASH = """
select count(*), coalesce(sum(('x' || left(md5(one_row::text), 16))::bit(64)::bigint), 0)
from public.{table} one_row
"""
# As text, a row must not depend on how a server is set up.
PLAIN = (
    "set local datestyle = 'ISO, YMD'; set local timezone = 'UTC'; set local jit = off; "
    "set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; "
    "set local extra_float_digits = 1; set local statement_timeout = 0"
)
SPAN = "select min(created_date), now() from case_versions"


def tables(connection: Connection) -> list[str]:
    """The tables of the database, in alphabetical order."""
    return [str(name) for name in connection.execute(text(TABLES)).scalars()]


def hashes(connection: Connection) -> dict[str, dict[str, Any]]:
    """For each table that is backed up: `rows`, and an order-free `hash` of them as text."""
    connection.exec_driver_sql(PLAIN)
    quote = connection.dialect.identifier_preparer.quote
    found = {}
    for table in tables(connection):
        if table not in LEFT_OUT:
            counted = connection.exec_driver_sql(HASH.format(table=quote(table)))
            rows, total = counted.one()
            found[table] = {"rows": int(rows), "hash": str(total)}
    return found


def instants(connection: Connection) -> list[datetime]:
    """Instants from the first case to now (UTC), evenly spread, now included."""
    first, now = connection.execute(text(SPAN)).one()
    step = (now - first) / INSTANTS if first else timedelta(days=1)
    return [(now - place * step).astimezone(UTC) for place in reversed(range(INSTANTS))]


def catalogue(connection: Connection, asked: list[datetime]) -> dict[str, Any]:
    """The values of the whole catalogue at each instant, as JSON has them."""
    connection.exec_driver_sql("set local statement_timeout = 0")
    return {
        instant.isoformat(): orjson.loads(
            orjson.dumps(board_values(instant, connection=connection))
        )
        for instant in asked
    }
