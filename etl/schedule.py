"""What is due: the rows of `syncs`, judged by the database's clock.

Celery only wakes workers; nothing here trusts a message, nor the clock of this machine.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app import sla
from app.database import transaction
from app.models import Sync as SyncRow
from app.models import Watermark
from app.settings import get_settings
from etl.cron import next_slot
from etl.runs import may_begin
from etl.source import Sync
from etl.syncs import BY_NAME, configured

SILENT_SECONDS = 90
LONGEST_RETRY = timedelta(hours=1)
DIED = "its worker ended in the middle of the run"
TICK_LOCK = "select pg_try_advisory_xact_lock(hashtext('caseboard tick'))"
SOURCE_KEY = "hashtext('caseboard source'), hashtext(:source)"

# A run whose worker lives holds the lock of its source, or beats; else it is lost.
RUNNING = """
select id, exclusive as source,
    heartbeat_at < clock_timestamp() - make_interval(secs => :silent) as silent
from sync_runs where state = 'running' and exclusive is not null
"""
TRY_SOURCE = f"select pg_try_advisory_xact_lock({SOURCE_KEY})"
LOSE = """
update sync_runs set state = 'lost', finished_at = clock_timestamp(), doing = null,
    error = :error
where state = 'running' and exclusive = :source
returning sync, seen
"""
# A run that had loaded something goes on from there at once. One that kills its worker again and
# again before that waits ever longer: a minute after the third time, then two, up to half an hour.
AFTER_LOSS = """
update syncs set
    attempts = case when :seen > 0 then 0 else attempts end,
    retry_at = case when :seen = 0 and attempts >= 3
        then now() + least(interval '1 minute' * 2 ^ least(attempts - 3, 8), interval '30 minutes')
    end
where name = :sync
"""
END_HOLDER = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = :holder and datname = current_database()
"""

DUE = """
select distinct source from syncs
where (asked_at is not null or due_at <= now()) and (retry_at is null or retry_at <= now())
"""


def holder_name(source: str) -> str:
    """The name under which the database knows the connection that holds a source."""
    return f"caseboard sync {source}"


def tick() -> list[str]:
    """Put the rows right, give up runs whose worker died, and tell which sources have work.

    Any number of ticks at once does what one does. On tables of another release it does nothing:
    that has its own schedule.
    """
    with transaction() as connection:
        if not connection.execute(text(TICK_LOCK)).scalar_one() or not may_begin(connection):
            return []
        register(connection)
        sla.record(connection)
        _reap(connection)
        _say_alive(connection)
        return list(connection.execute(text(DUE)).scalars())


def register(connection: Connection) -> None:
    """One row per sync that the settings allow; a new one is due at once."""
    now = now_of(connection)
    syncs = configured(get_settings())
    known = {row.name: row for row in connection.execute(select(SyncRow.__table__))}
    connection.execute(delete(SyncRow).where(SyncRow.name.not_in([sync.name for sync in syncs])))
    for place, sync in enumerate(syncs):
        declared = {
            "source": sync.source,
            "place": place,
            "told": sync.told,
            "schedule": sync.cron(get_settings()),
            "full_schedule": sync.full,
            "fresh_seconds": int(_fresh(sync, now).total_seconds()),
        }
        row = known.get(sync.name)
        if row is None:
            slot = now if sync.eager else slots(sync, now)[0]
            first = {"due_at": slot, "full_due_at": slot if sync.full else None}
            new = insert(SyncRow).values(name=sync.name, **declared, **first)
            connection.execute(new.on_conflict_do_nothing())
            continue
        changed = {name: value for name, value in declared.items() if getattr(row, name) != value}
        if "schedule" in changed and not sync.eager:
            changed["due_at"] = slots(sync, now)[0]
        changed |= _after_the_clock(sync, row.due_at, row.full_due_at, row.retry_at, now)
        if changed:
            connection.execute(update(SyncRow).where(SyncRow.name == sync.name).values(**changed))


def slots(sync: Sync, now: datetime) -> tuple[datetime, datetime | None]:
    """When a sync runs next, and when it enumerates everything next."""
    slot = next_slot(sync.cron(get_settings()), now)
    return slot, next_slot(sync.full, now) if sync.full else None


def _fresh(sync: Sync, now: datetime) -> timedelta:
    """How old its data may get; a schedule of the settings tells by itself."""
    if sync.scheduled_by is None:
        return sync.fresh
    first = slots(sync, now)[0]
    return max(sync.fresh, slots(sync, first)[0] - first + timedelta(days=1))


def ask(name: str, *, full: bool = False, allow_drop: bool = False) -> None:
    """Let a sync run out of turn, as soon as its source is free."""
    with transaction() as connection:
        register(connection)
        connection.execute(
            update(SyncRow)
            .where(SyncRow.name == name)
            .values(
                asked_at=func.clock_timestamp(),
                asked_full=SyncRow.asked_full | full,
                allow_drop=SyncRow.allow_drop | allow_drop,
                attempts=0,
                retry_at=None,
            )
        )


def _after_the_clock(
    sync: Sync,
    due_at: datetime,
    full_due_at: datetime | None,
    retry_at: datetime | None,
    now: datetime,
) -> dict[str, Any]:
    """What to put right: a slot further off than the next one means that the clock was set back."""
    slot, full_slot = slots(sync, now)
    right: dict[str, Any] = {}
    if due_at > slot:
        right["due_at"] = slot
    if full_slot and (full_due_at is None or full_due_at > full_slot):
        right["full_due_at"] = full_slot
    if retry_at and retry_at > now + LONGEST_RETRY:
        right["retry_at"] = now
    return right


def lose(connection: Connection, why: str, source: str) -> None:
    """Give up what runs of a source, if anything."""
    error = f"It was given up: {why}. What it had loaded stays, and the next run goes on."
    lost = connection.execute(text(LOSE), {"source": source, "error": error}).all()
    for run in lost:
        connection.execute(text(AFTER_LOSS), {"sync": run.sync, "seen": run.seen})


def _reap(connection: Connection) -> None:
    running = connection.execute(text(RUNNING), {"silent": SILENT_SECONDS}).all()
    for run in running:
        if connection.execute(text(TRY_SOURCE), {"source": run.source}).scalar_one():
            lose(connection, DIED, run.source)
        elif run.silent:
            connection.execute(text(END_HOLDER), {"holder": holder_name(run.source)})
            lose(connection, f"its worker was silent for {SILENT_SECONDS} s", run.source)


def _say_alive(connection: Connection) -> None:
    """A mark that workers are at work, which the sync page and `caseboard status` read."""
    told = insert(Watermark).values(source="worker", name="tick", value="alive")
    connection.execute(
        told.on_conflict_do_update(
            index_elements=["source", "name"], set_={"updated_at": func.clock_timestamp()}
        )
    )


def now_of(connection: Connection) -> datetime:
    """The database's clock."""
    moment: datetime = connection.execute(select(func.now())).scalar_one()
    return moment


def wake(connection: Connection, names: tuple[str, ...]) -> None:
    """Let syncs run next, because what they follow has learned something."""
    known = [name for name in names if name in BY_NAME]
    if known:
        connection.execute(
            update(SyncRow).where(SyncRow.name.in_(known)).values(asked_at=func.clock_timestamp())
        )
