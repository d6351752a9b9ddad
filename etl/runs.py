"""The rows of `sync_runs`: one per run, which may write only while it is `running`."""

from sqlalchemy import Connection, text

from app import revisions
from app.database import head_revision, transaction
from etl.errors import Later, RunLost

START = "insert into sync_runs (sync, source) values (:sync, :source) returning id"

# Held until the load commits, so that a run is not given up while it writes.
OWN = """
select (select version_num from alembic_version) from sync_runs
where id = :run_id and state = 'running' for update
"""
# A migration holds it alone, for as long as it takes (app/migrations/env.py). Nobody waits for it
# in a statement; and only a later statement surely sees what was committed before we got it.
QUIET = "select pg_try_advisory_xact_lock_shared(hashtext('caseboard migration'))"

REVISION = "select version_num from alembic_version"

COUNT = """
update sync_runs set seen = seen + :seen, inserted = inserted + :inserted,
    updated = updated + :updated, unchanged = unchanged + :unchanged,
    rejected = rejected + :rejected, gone = gone + :gone
where id = :run_id
"""

FINISH = """
update sync_runs
set state = :state, finished_at = clock_timestamp(), error = :error, doing = null,
    heartbeat_at = clock_timestamp()
where id = :run_id and state = 'running'
"""

LONGEST_ERROR = 2000


def start_run(sync: str, source: str) -> int:
    """Note that an import has begun; its id marks every fact that it learns."""
    with transaction() as connection:
        run_id = connection.execute(text(START), {"sync": sync, "source": source}).scalar_one()
    return int(run_id)


def own(connection: Connection, run_id: int) -> None:
    """Make sure that the run may write, until this transaction ends.

    RunLost when it was given up; Later while the tables are migrated, or are not of this release:
    what is derived in them would be of both.
    """
    if not connection.execute(text(QUIET)).scalar_one():
        raise Later("The tables are being migrated; what was to be written comes after that.")
    row = connection.execute(text(OWN), {"run_id": run_id}).first()
    if row is None:
        raise RunLost(f"Run {run_id} was given up in the meantime; it writes nothing more.")
    if row[0] != head_revision():
        raise Later(f"Nothing was written: the tables are {revisions.look().words()}.")


def may_begin(connection: Connection) -> bool:
    """Whether runs may begin now: the tables are of this release, and are not being migrated."""
    quiet = connection.execute(text(QUIET)).scalar_one()
    return bool(quiet) and connection.execute(text(REVISION)).scalar() == head_revision()


def count(connection: Connection, run_id: int, **numbers: int) -> None:
    """Add to a run's counts: seen, inserted, updated, unchanged, rejected, gone (records)."""
    connection.execute(text(COUNT), {"run_id": run_id, **numbers})


def finish_run(connection: Connection, run_id: int, *, state: str = "finished") -> None:
    """Note that a run has ended, well unless `state` says otherwise."""
    connection.execute(text(FINISH), {"run_id": run_id, "state": state, "error": None})


def fail_run(run_id: int, error: str, *, state: str = "failed") -> None:
    """Note that a run has come to nothing, and why."""
    told = {"run_id": run_id, "state": state, "error": error[:LONGEST_ERROR]}
    with transaction() as connection:
        connection.execute(text(FINISH), told)
