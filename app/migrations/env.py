"""Alembic's entry: migrates the database that `app.database` connects to."""

from alembic import context

from app.database import engine
from app.models import Base

# A migration waits at most this long for a lock, so that it never stalls the people behind it.
LOCK_TIMEOUT = "2s"


def run() -> None:
    """Run the asked migrations in one transaction per revision."""
    with engine().connect() as connection:
        connection.exec_driver_sql(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        connection.exec_driver_sql("set statement_timeout = 0")
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
