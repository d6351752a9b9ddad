"""One run of one sync: claimed in the database, watched by a heartbeat, told in `sync_runs`."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from app import logs
from app.database import engine, transaction
from app.models import Sync as SyncRow
from app.settings import get_settings
from etl.errors import Later, Refused, RunLost
from etl.run import Run
from etl.runs import FINISH, LONGEST_ERROR, may_begin
from etl.schedule import DIED, SOURCE_KEY, holder_name, lose, now_of, slots, wake
from etl.syncs import BY_NAME

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
MOST_ATTEMPTS = 5
FIRST_RETRY_SECONDS = 30.0

LOCK = f"select pg_try_advisory_lock({SOURCE_KEY})"
NAME_HOLDER = "select set_config('application_name', :holder, false)"
UNLOCK = f"select pg_advisory_unlock({SOURCE_KEY})"

NEXT = """
select name from syncs
where source = :source and (cast(:name as text) is null or name = :name)
    and (asked_at is not null or due_at <= now()) and (retry_at is null or retry_at <= now())
order by place limit 1 for update
"""

CLAIM = """
insert into sync_runs (sync, source, exclusive, mode, attempt)
values (:name, :source, :source, :mode, :attempt)
returning id
"""

COUNT_ATTEMPT = "update syncs set attempts = attempts + 1 where name = :name"

RETRY = """
update syncs set retry_at = now() + make_interval(secs => :wait) where name = :name
"""

# Whoever asked while the run was under way waits for another one.
RESCHEDULE = """
update syncs set due_at = :due_at, full_due_at = coalesce(:full_due_at, full_due_at),
    attempts = 0, retry_at = null, allow_drop = false,
    asked_full = asked_full and coalesce(asked_at > run.started_at, false),
    asked_at = case when asked_at > run.started_at then asked_at end
from sync_runs run where run.id = :run_id and syncs.name = :name
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    run_id: int
    sync: str
    state: str
    error: str | None


def work(source: str, name: str | None = None) -> list[Outcome]:
    """Run what is due of a source (only the sync `name`, if given), one after the other.

    Returns at once when somebody else is at it, and after a run that was given up: the source
    may be another's by then. Errors of a source end in its run's row.
    """
    outcomes: list[Outcome] = []
    with alone(source) as mine:
        while mine and (claimed := _claim(source, name)):
            with logs.bound(run=claimed.id, sync=claimed.sync):
                outcomes.append(_execute(claimed))
            if outcomes[-1].state == "lost":
                break
    return outcomes


def is_busy(source: str) -> bool:
    """Whether somebody is running a sync of a source."""
    with alone(source) as mine:
        return not mine


@contextmanager
def alone(source: str) -> Iterator[bool]:
    """Hold a source for this process; the database lets go of it as soon as the process dies."""
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.execute(text(LOCK), {"source": source}).scalar_one())
        if mine:
            connection.execute(text(NAME_HOLDER), {"holder": holder_name(source)})
        try:
            yield mine
        finally:
            if mine:
                _let_go(connection, source)


def _let_go(connection: Connection, source: str) -> None:
    try:
        connection.execute(text(UNLOCK), {"source": source})
        connection.execute(text(NAME_HOLDER), {"holder": "caseboard"})
    except DBAPIError:
        # The connection is gone, and the lock with it.
        connection.invalidate()


def _claim(source: str, name: str | None) -> Run | None:
    """Begin the next due run of a source; None when nothing is due."""
    with transaction() as connection:
        if not may_begin(connection):
            return None
        # We hold the source, so whatever still says that it runs there is lost.
        lose(connection, DIED, source)
        due = connection.execute(text(NEXT), {"source": source, "name": name}).scalar()
        if due is None:
            return None
        row = connection.execute(select(SyncRow.__table__).where(SyncRow.name == due)).one()
        now = now_of(connection)
        full = row.asked_full or (row.full_due_at is not None and row.full_due_at <= now)
        told = {
            "name": due,
            "source": source,
            "mode": "full" if full else "incremental",
            "attempt": row.attempts + 1,
        }
        connection.execute(text(COUNT_ATTEMPT), {"name": due})
        run_id = int(connection.execute(text(CLAIM), told).scalar_one())
    return Run(
        run_id,
        due,
        source,
        full,
        get_settings(),
        attempt=row.attempts + 1,
        allow_drop=row.allow_drop,
    )


def _execute(run: Run) -> Outcome:
    log.info("Sync %s begins (run %d, %s)", run.sync, run.id, "full" if run.full else "changes")
    with _heartbeat(run):
        try:
            BY_NAME[run.sync].work(run)
        except RunLost as lost:
            log.warning("Sync %s, run %d: %s", run.sync, run.id, lost)
            return Outcome(run.id, run.sync, "lost", str(lost))
        except Later as fault:
            run.state, run.error = "failed", str(fault)
            _end(run, retry_after=fault.after or 0.0)
        except SoftTimeLimitExceeded:
            run.state = "failed"
            run.error = "It took too long and was ended; what it loaded stays, the rest follows."
            _end(run, retry_after=0.0)
        except Refused as fault:
            run.state, run.error = "failed", str(fault)
            _end(run)
        except Exception as fault:
            run.state = "failed"
            told = f"An error of Caseboard itself ({type(fault).__name__}): {_first_line(fault)}"
            run.error = told[:LONGEST_ERROR]
            log.exception("Sync %s, run %d", run.sync, run.id)
            _end(run, retry_after=0.0)
        else:
            _end(run, retry_after=0.0 if run.state == "partial" else None)
    log.info("Sync %s: %s %s", run.sync, run.state, run.error or "")
    return Outcome(run.id, run.sync, run.state, run.error)


def _end(run: Run, retry_after: float | None = None) -> None:
    """Write how a run ended, and when the sync runs next.

    `retry_after`: asking again soon may help, at the earliest after so many seconds.
    """
    run.beat()
    with transaction() as connection:
        told = {"run_id": run.id, "state": run.state, "error": run.error}
        if connection.execute(text(FINISH), told).rowcount != 1:
            run.state = "lost"
            return
        connection.execute(
            text("delete from sync_sightings where run_id = :run_id"), {"run_id": run.id}
        )
        _reschedule(connection, run, retry_after)
        if run.fresh and run.state in {"finished", "partial"}:
            wake(connection, BY_NAME[run.sync].wakes)


def _reschedule(connection: Connection, run: Run, retry_after: float | None) -> None:
    if retry_after is not None and run.attempt < MOST_ATTEMPTS:
        wait = max(FIRST_RETRY_SECONDS * 2 ** (run.attempt - 1), retry_after)
        connection.execute(text(RETRY), {"name": run.sync, "wait": wait})
        return
    now = now_of(connection)
    due_at, full_due_at = slots(BY_NAME[run.sync], now)
    enumerated = run.full and run.state == "finished"
    told = {
        "name": run.sync,
        "run_id": run.id,
        "due_at": due_at,
        "full_due_at": full_due_at if enumerated else None,
    }
    connection.execute(text(RESCHEDULE), told)


def _first_line(fault: Exception) -> str:
    cause = fault.orig if isinstance(fault, DBAPIError) and fault.orig else fault
    return (str(cause).strip().splitlines() or [""])[0]


@contextmanager
def _heartbeat(run: Run) -> Iterator[None]:
    """Let the run's row tell that it lives; stop the run when it is no longer ours."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            try:
                if not run.beat():
                    run.stopped.set()
                    return
            except DBAPIError:
                log.warning("The heartbeat of run %d did not reach the database", run.id)

    thread = threading.Thread(target=beat, name=f"heartbeat of run {run.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
