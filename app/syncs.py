"""How the syncs stand: the last runs, how old the data are, what is late, what failed."""

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from app.database import read

# A worker that lives ticks every 15 seconds.
SILENT_SECONDS = 120

SYNCS = text("""
select s.name, s.source, s.told, s.schedule, s.full_schedule, s.due_at, s.retry_at, s.asked_at,
    s.fresh_seconds, s.attempts,
    good.finished_at as good_at,
    full_run.finished_at as full_at,
    latest.id as run_id, latest.state, latest.mode, latest.started_at, latest.finished_at,
    latest.error, latest.doing, latest.done, latest.total, latest.notes, latest.requests,
    latest.seen, latest.inserted, latest.updated, latest.unchanged, latest.gone, latest.rejected,
    clock_timestamp() as now,
    case
        when latest.id is null then 'never'
        when latest.state = 'running' then 'running'
        when latest.state in ('failed', 'held', 'lost') then latest.state
        when good.finished_at < clock_timestamp() - make_interval(secs => s.fresh_seconds)
            then 'late'
        when latest.state = 'partial' then 'partial'
        else 'fresh'
    end as standing
from syncs s
left join lateral (
    select * from sync_runs r where r.sync = s.name order by r.id desc limit 1
) latest on true
left join lateral (
    select finished_at from sync_runs r
    where r.sync = s.name and r.state in ('finished', 'partial') order by r.id desc limit 1
) good on true
left join lateral (
    select finished_at from sync_runs r
    where r.sync = s.name and r.state = 'finished' and r.mode = 'full' order by r.id desc limit 1
) full_run on true
order by s.place
""")

RUNS = text("""
select id, sync, source, mode, state, attempt, started_at, finished_at,
    extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::float as seconds,
    requests, seen, inserted, updated, unchanged, gone, rejected, doing, done, total, error, notes
from sync_runs order by id desc limit :limit
""")

REJECTS = text("""
select id, source, key, reason, rejected_at, run_id
from rejects where resolved_at is null order by rejected_at desc, id desc limit :limit
""")

REJECTED = text("select count(*) from rejects where resolved_at is null")

ALIVE = text("""
select updated_at, updated_at > clock_timestamp() - make_interval(secs => :silent)
        and updated_at <= clock_timestamp() + make_interval(secs => :silent) as alive
from watermarks where source = 'worker' and name = 'tick'
""")


def syncs(connection: Connection | None = None) -> pd.DataFrame:
    """Every scheduled sync with its last run and its standing, in their order.

    `standing` is fresh, late, partial, running, failed, held, lost or never; `good_at` is when the
    data were last read well (UTC).
    """
    return read(SYNCS, connection=connection)


def runs(limit: int = 50, *, connection: Connection | None = None) -> pd.DataFrame:
    """The latest runs of syncs and imports, newest first."""
    return read(RUNS, {"limit": limit}, connection=connection)


def rejects(limit: int = 100, *, connection: Connection | None = None) -> pd.DataFrame:
    """The latest records that could not be understood and still are not, newest first."""
    return read(REJECTS, {"limit": limit}, connection=connection)


def rejected(connection: Connection) -> int:
    """How many records could not be understood and still are not."""
    return int(connection.execute(REJECTED).scalar_one())


def workers_alive(connection: Connection) -> tuple[bool, datetime | None]:
    """Whether workers are at work, and when one last said so."""
    row: Any = connection.execute(ALIVE, {"silent": SILENT_SECONDS}).first()
    return (bool(row.alive), row.updated_at) if row else (False, None)
