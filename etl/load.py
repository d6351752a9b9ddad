"""Set-based loading: COPY into staging, then a few statements for any number of records.

Facts, the rows that follow from them, rejects, the run's counts and the new data version become
visible in one commit: a reader never sees half a load, and loading again changes nothing.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
import psycopg2
from sqlalchemy import Connection, text

from etl.history import lock, rebuild
from etl.records import Record, Rejected
from etl.runs import count, own
from etl.staging import COPY, STAGE, UNFOLD, Staging

REJECTS_TOLD = 10

WHOLES = (
    "create temp table staged_wholes (entity text, parent text, seen_at timestamptz) on commit drop"
)

# What a completely told record no longer has is gone.
MISSING = """
with known as (
    select 'comment' as entity, c.case_number as parent, c.case_number || '|' || c.source_id as key
    from comments c join staged_wholes w on w.entity = 'comment' and w.parent = c.case_number
    where c.gone_at is null and c.source_id is not null
    union all
    select 'link', b.case_number, b.case_number || '|' || b.tracker || '|' || b.key
    from case_bugs b join staged_wholes w on w.entity = 'link' and w.parent = b.case_number
    where b.unlinked_at is null
    union all
    select 'card_comment', c.card_key,
        c.card_key || '|' || split_part(c.jira_comment_id, '|', -1)
    from jira_comments c join staged_wholes w on w.entity = 'card_comment' and w.parent = c.card_key
    where c.gone_at is null
)
insert into staged_facts
select 0, k.entity, k.key, 'state', w.seen_at, w.seen_at, 'gone', 'true', w.seen_at, 0, null
from known k join staged_wholes w on w.entity = k.entity and w.parent = k.parent
where not exists (select from staged s where s.entity = k.entity and s.key = k.key)
"""

# Events that are not known yet, each once, credited to the first record that told it.
FRESH = """
create temp table fresh_facts on commit drop as
select distinct on (s.entity, s.key, s.field, s.at, s.seq, md5(s.value), s.actor) s.*
from staged_facts s
where s.kind = 'event' and not exists (
    select from changes c
    where c.entity = s.entity and c.key = s.key and c.field = s.field
        and c.at = s.at and c.seq = s.seq and c.value is not distinct from s.value
        and c.actor is not distinct from s.actor
)
order by s.entity, s.key, s.field, s.at, s.seq, md5(s.value), s.actor, s.position
"""

ORIGINS = """
insert into fresh_facts
select distinct on (s.entity, s.key, s.field) s.*
from staged_facts s
where s.kind = 'origin' and not exists (
    select from changes c where c.entity = s.entity and c.key = s.key and c.field = s.field
)
order by s.entity, s.key, s.field, s.position
"""

# Of a state only what the latest known value does not say already. A state older than what we know
# of its record (an index that lags behind) says nothing new; but what is dated after its source's
# now comes of a clock that was ahead, and makes nothing older.
STATES = """
insert into fresh_facts
select s.position, s.entity, s.key, s.kind, s.told_at, s.seen_at, s.field, s.value,
    case when known.at is null or s.at > known.at then s.at
        else greatest(s.seen_at, known.at + interval '1 microsecond') end,
    s.seq, s.actor
from (
    select distinct on (entity, key, field) *
    from staged_facts where kind = 'state'
    order by entity, key, field, told_at desc, position desc
) s
left join lateral (
    select at, value from (
        select c.at, c.seq, c.value from changes c
        where c.entity = s.entity and c.key = s.key and c.field = s.field
        union all
        select f.at, f.seq, f.value from fresh_facts f
        where f.entity = s.entity and f.key = s.key and f.field = s.field
    ) told order by at desc, seq desc, value collate "C" desc limit 1
) known on true
where known.value is distinct from s.value
    and not (s.field = 'gone' and s.value = 'false' and known.value is null)
    and not exists (
        select from changes c
        where c.entity = s.entity and c.key = s.key and c.field = 'updated' and c.at > s.told_at
            and (c.at > s.seen_at + interval '1 minute') is not true
    )
"""

FACTS = """
insert into changes (entity, key, field, value, at, seq, actor, run_id)
select entity, key, field, value, at, seq, actor, :run_id
from fresh_facts order by position
on conflict do nothing
"""

# Records with something new; those of them about things that were known before.
COUNTED = """
select count(*), count(*) filter (where known) from (
    select position, bool_or(exists (
        select from changes c where c.entity = f.entity and c.key = f.key
    )) as known
    from (select distinct position, entity, key from fresh_facts where position > 0) f
    group by position
) records
"""

REJECTS = """
insert into rejects (run_id, source, position, key, reason, payload, fingerprint, resolved_at)
values (:run_id, :source, :position, :key, :reason, cast(:payload as jsonb), :fingerprint,
    case when :settled then clock_timestamp() end)
on conflict (source, position, fingerprint) do update
    set resolved_at = null where rejects.resolved_at is not null and excluded.resolved_at is null
"""

RESOLVED = """
update rejects set resolved_at = clock_timestamp()
where source = :source and resolved_at is null and key in (select key from staged)
"""

BUMP = "update data_version set version = version + 1, changed_at = clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load did with the records it read: read = inserted + unchanged + rejected.

    `inserted` are the records that told something new, `updated` those of them about things that
    were known before. `fresh` is how many facts were new.
    """

    read: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    cases: int
    fresh: int
    first_rejects: tuple[tuple[int, str], ...] = ()


def load(
    connection: Connection,
    run_id: int,
    source: str,
    records: Iterable[Record],
    *,
    gone: bool = False,
) -> Counts:
    """Load records in the transaction of `connection` and add to the counts of the run.

    `gone`: these are records that the source no longer has, to be counted as such.

    An error of the records (FileRefused) or of the database leaves nothing behind; RunLost when
    the run is no longer ours.
    """
    connection.execute(text("set local statement_timeout = 0"))
    own(connection, run_id)
    staging = _stage(connection, records)
    lock(connection)
    fresh = _find_fresh(connection, staging)
    inserted = updated = 0
    if fresh:
        inserted, updated = connection.execute(text(COUNTED)).one()
        connection.execute(text(FACTS), {"run_id": run_id})
        rebuild(connection)
        connection.execute(text(BUMP))
    _reject(connection, run_id, source, staging.rejected)
    counts = Counts(
        read=staging.read_count,
        inserted=inserted,
        updated=updated,
        unchanged=len(staging.positions) - inserted,
        rejected=len(staging.rejected),
        cases=len(staging.keys),
        fresh=fresh,
        first_rejects=tuple((r.position, r.reason) for r in staging.rejected[:REJECTS_TOLD]),
    )
    told = {
        "seen": counts.read,
        "inserted": inserted - updated,
        "updated": updated,
        "unchanged": counts.unchanged,
        "rejected": counts.rejected,
    }
    count(connection, run_id, **(dict.fromkeys(told, 0) if gone else told), gone=inserted * gone)
    return counts


def _stage(connection: Connection, records: Iterable[Record]) -> Staging:
    connection.execute(text(STAGE))
    connection.execute(text(WHOLES))
    staging = Staging(records)
    try:
        connection.connection.cursor().copy_expert(COPY, staging)
    except psycopg2.Error:
        # The driver hides what went wrong while it read from us.
        if staging.refusal is not None:
            raise staging.refusal from None
        raise
    connection.execute(text("analyze staged (position, entity, key, kind)"))
    return staging


def _find_fresh(connection: Connection, staging: Staging) -> int:
    """Gather in the temp table `fresh_facts` what is not known yet; tells how many facts."""
    connection.execute(text(UNFOLD), {"contested": staging.contested})
    if staging.wholes:
        told = [{"e": w.entity, "p": w.parent, "s": w.seen_at} for w in staging.wholes]
        connection.execute(text("insert into staged_wholes values (:e, :p, :s)"), told)
        connection.execute(text("create index on staged (entity, key)"))
        connection.execute(text(MISSING))
    connection.execute(text("analyze staged_facts (entity, key, field, kind, at)"))
    connection.execute(text(FRESH))
    if "origin" in staging.kinds:
        connection.execute(text(ORIGINS))
    if "state" in staging.kinds:
        connection.execute(text("create index on fresh_facts (entity, key, field, at)"))
        connection.execute(text("analyze fresh_facts (entity, key, field)"))
        connection.execute(text(STATES))
    return int(connection.execute(text("select count(*) from fresh_facts")).scalar_one())


def _reject(connection: Connection, run_id: int, source: str, rejected: list[Rejected]) -> None:
    if connection.execute(
        text("select exists (select from rejects where resolved_at is null)")
    ).scalar():
        connection.execute(text(RESOLVED), {"source": source})
    rows = []
    for record in rejected:
        payload = orjson.dumps(storable(record.payload)).decode()
        fingerprint = hashlib.sha256(f"{record.reason}\n{payload}".encode()).hexdigest()
        rows.append(
            {
                "run_id": run_id,
                "source": source,
                "position": record.position,
                "key": record.key,
                "reason": record.reason,
                "payload": payload,
                "fingerprint": fingerprint,
                "settled": record.settled,
            }
        )
    if rows:
        connection.execute(text(REJECTS), rows)


def storable(value: object) -> object:
    """A value as `jsonb` can hold it: no NUL, no half characters, no number that is none."""
    if isinstance(value, dict):
        return {str(storable(str(key))): storable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [storable(part) for part in value]
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool):
        return value
    whole = isinstance(value, int) and abs(value) < 2**63
    real = isinstance(value, float) and math.isfinite(value)
    return value if whole or real else str(value)
