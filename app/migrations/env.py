"""Alembic's entry: migrates the database that `app.database` connects to."""

import time
from contextlib import suppress

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.database import engine
from app.migrations.live import LOCK_TIMEOUT
from app.models import Base

# Whoever waits in a statement for the other's lock would be waited for by its CREATE INDEX
# CONCURRENTLY: so one asks, and asks again.
ALONE = "select pg_try_advisory_lock(hashtext('caseboard migration'))"
LET_GO = "select pg_advisory_unlock(hashtext('caseboard migration'))"


def _be_alone(connection: Connection) -> None:
    """Wait until nobody else migrates this database nor loads, and let nobody until we are done."""
    while not connection.exec_driver_sql(ALONE).scalar_one():
        connection.rollback()
        time.sleep(0.1)
    connection.commit()


def _let_go(connection: Connection) -> None:
    """End the session, which goes back to no pool: settings end with it."""
    with suppress(DBAPIError):
        connection.rollback()
        # The server notices late that we are gone, and who asks for the lock next does not wait.
        connection.exec_driver_sql(LET_GO)
    connection.invalidate()


def run() -> None:
    """Run the asked migrations in one transaction per revision."""
    with engine().connect() as connection:
        _be_alone(connection)
        connection.exec_driver_sql(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql("set statement_timeout = 0")
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            compare_type=True,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        finally:
            _let_go(connection)


run()
