"""Alembic's entry: migrates the database that `app.database` connects to."""

import time

from alembic import context
from sqlalchemy import Connection

from app.database import engine
from app.migrations.live import LOCK_TIMEOUT
from app.models import Base

# Whoever waits in a statement for the other's lock would be waited for by its CREATE INDEX
# CONCURRENTLY: so one asks, and asks again.
ALONE = "select pg_try_advisory_lock(hashtext('caseboard migration'))"


def _be_alone(connection: Connection) -> None:
    """Wait until nobody else migrates this database nor loads, and let nobody until we are done."""
    while not connection.exec_driver_sql(ALONE).scalar_one():
        connection.rollback()
        time.sleep(0.1)
    connection.commit()


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
            # Locks and settings end with the session, which goes back to no pool.
            connection.invalidate()


run()
