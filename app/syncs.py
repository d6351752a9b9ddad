"""How the syncs stand: the last runs, how old the data are, what is late, what failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from app.database import alone, plain, read
from app.settings import get_settings

# A worker that lives ticks every 15 seconds.
SILENT_SECONDS = 120

SYNCS = text("""
select s.name, s.source, s.told, s.schedule, s.full_schedule, s.due_at, s.retry_at, s.asked_at,
    s.fresh_seconds,
    good.finished_at as good_at,
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
order by s.place
""")

NOW = text("select clock_timestamp() as now")

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

# What a source showed when it was last asked for everything, and what the board holds now.
RECONCILED = text("""
select s.name, full_run.finished_at as at, full_run.seen as shown, live.number as held
from syncs s
join lateral (
    select finished_at, seen from sync_runs r
    where r.sync = s.name and r.state = 'finished' and r.mode = 'full' order by r.id desc limit 1
) full_run on true
join (
    select 'cases' as name, count(*) as number from cases
    where source = 'portal' and gone_at is null
    union all
    select case kind when 'tracking' then 'cards' else 'escalations' end, count(*)
    from jira_cards where gone_at is null group by kind
) live on live.name = s.name
order by s.place
""")

UNKNOWN = text("""
select 'case' as what, status, count(*) as number from case_versions
where valid_to = 'infinity' and not gone and status is not null
    and lower(status) <> all(:cases)
group by status
union all
select 'card', status, count(*) from jira_cards
where gone_at is null and status is not null and lower(status) <> all(:cards)
group by status
order by 1, 3 desc, 2
""")

REJECTED = text("select count(*) from rejects where resolved_at is null")

ALIVE = text("""
select updated_at, updated_at > clock_timestamp() - make_interval(secs => :silent)
        and updated_at <= clock_timestamp() + make_interval(secs => :silent) as alive
from watermarks where source = 'worker' and name = 'tick'
""")


def connected() -> bool:
    """Whether the settings name a source, also before a worker has looked at it."""
    settings = get_settings()
    return bool(settings.portal_url or settings.jira_url or settings.bugzilla_url)


def syncs(connection: Connection | None = None) -> list[dict[str, Any]]:
    """Every scheduled sync with its last run and its standing, in their order.

    `standing` is fresh, late, partial, running, failed, held, lost or never; `good_at` is when the
    data were last read well (UTC).
    """
    if connection is None:
        with alone() as own:
            return plain(own, SYNCS)
    return plain(connection, SYNCS)


def under_way(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the syncs that are running."""
    return [row for row in found if row["standing"] == "running"]


def progress_words(row: dict[str, Any]) -> str:
    """How far a running run is: `cases 340 of 900`."""
    told = f"{row['doing'] or 'starting'} {int(row['done']):,}"
    return f"{told} of {int(row['total']):,}" if row["total"] else told


def runs(limit: int = 50, *, connection: Connection | None = None) -> pd.DataFrame:
    """The latest runs of syncs and imports, newest first."""
    return read(RUNS, {"limit": limit}, connection=connection)


def rejects(limit: int = 100, *, connection: Connection | None = None) -> pd.DataFrame:
    """The latest records that could not be understood and still are not, newest first."""
    return read(REJECTS, {"limit": limit}, connection=connection)


def rejected(connection: Connection) -> int:
    """How many records could not be understood and still are not."""
    return int(connection.execute(REJECTED).scalar_one())


def reconciled(connection: Connection | None = None) -> pd.DataFrame:
    """Per sync: how many records its source last showed (`shown`, `at`), how many are `held`."""
    return read(RECONCILED, connection=connection)


def unknown_statuses(connection: Connection | None = None) -> pd.DataFrame:
    """Statuses of cases and cards that the settings' maps do not name: what, status, number."""
    settings = get_settings()
    known = {
        "cases": [status.lower() for status in settings.status_map],
        # A board's own names are explained too; an earlier system told cards by them.
        "cards": [status.lower() for pair in settings.jira_status_map.items() for status in pair],
    }
    return read(UNKNOWN, known, connection=connection)


def workers_alive(connection: Connection) -> tuple[bool, datetime | None]:
    """Whether workers are at work, and when one last said so."""
    row: Any = connection.execute(ALIVE, {"silent": SILENT_SECONDS}).first()
    return (bool(row.alive), row.updated_at) if row else (False, None)
