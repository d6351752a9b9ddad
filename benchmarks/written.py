"""The rows that a load has written, written once more and alone: what it could not do without."""

import io
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from app.models import Base

# In the order in which they refer to each other.
TABLES = (
    "changes",
    "cases",
    "case_versions",
    "open_steps",
    "open_steps_by_day",
    "value_steps",
    "value_steps_by_day",
    "value_steps_by_month",
    "stage_steps",
    "stage_steps_by_day",
    "bug_steps",
    "bug_steps_by_day",
    "case_words",
)
TAKE = "copy (select * from {table} where xmin = pg_current_xact_id()::xid) to stdout"
# The run that wrote them is no more.
RUN = "update written_changes set run_id = (select max(id) from sync_runs)"


def rows(connection: Connection) -> dict[str, bytes]:
    """The rows by table that the transaction of a connection has written, as COPY tells them."""
    cursor: Any = connection.connection.cursor()
    told = {}
    for table in TABLES:
        copied = io.BytesIO()
        cursor.copy_expert(TAKE.format(table=table), copied)
        told[table] = copied.getvalue()
    return told


def staged(connection: Connection, told: dict[str, bytes]) -> Callable[[], None]:
    """Such rows put into tables of their own, and the statements that take them from there."""
    cursor: Any = connection.connection.cursor()
    for table, copied in told.items():
        connection.execute(text(f"create temp table written_{table} (like {table}) on commit drop"))
        cursor.copy_expert(f"copy written_{table} from stdin", io.BytesIO(copied))
        connection.execute(text(f"analyze written_{table}"))
    connection.execute(text(RUN))

    def take() -> None:
        for table in TABLES:
            connection.execute(text(_upsert(table)))

    return take


def _upsert(table: str) -> str:
    if table == "changes":  # which refuses updates
        return "insert into changes select * from written_changes on conflict do nothing"
    columns = Base.metadata.tables[table].columns
    keys = ", ".join(column.name for column in columns if column.primary_key)
    others = [column.name for column in columns if not column.primary_key]
    kept = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"""
    insert into {table} select * from written_{table}
    on conflict ({keys}) do update set {kept}
    """  # noqa: S608 - names of our own tables
