"""Set-based loading: COPY into staging, then a few statements for any number of records.

Facts, the rows that follow from them, rejects, the run's counts and the new data version become
visible in one commit: a reader never sees half a load, and loading again changes nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
import psycopg2
from sqlalchemy import Connection, text

from app.database import transaction
from etl.errors import FileRefused
from etl.history import TOUCHED, lock, rebuild
from etl.records import Observation, Rejected

STAGE = """
create temp table staged_facts (
    position bigint, key text, field text, value text, at timestamptz, seq bigint, actor text
) on commit drop
"""

REJECTS_TOLD = 10

COPY = "copy staged_facts from stdin"

# What is not known yet, each fact once, credited to the first record that told it.
FRESH = """
create temp table fresh_facts on commit drop as
select distinct on (s.key, s.field, s.at, s.seq, md5(s.value), s.actor) s.*
from staged_facts s
where not exists (
    select from changes c
    where c.entity = 'case' and c.key = s.key and c.field = s.field
        and c.at = s.at and c.seq = s.seq and c.value is not distinct from s.value
        and c.actor is not distinct from s.actor
)
order by s.key, s.field, s.at, s.seq, md5(s.value), s.actor, s.position
"""

FACTS = """
insert into changes (entity, key, field, value, at, seq, actor, run_id)
select 'case', key, field, value, at, seq, actor, :run_id
from fresh_facts order by position
on conflict do nothing
"""

REJECTS = """
insert into rejects (run_id, source, position, key, reason, payload, fingerprint)
values (:run_id, :source, :position, :key, :reason, cast(:payload as jsonb), :fingerprint)
on conflict (source, position, fingerprint) do nothing
"""

BUMP = "update data_version set version = version + 1, changed_at = clock_timestamp()"

START = "insert into sync_runs (sync, source) values (:sync, :source) returning id"

FINISH = """
update sync_runs set state = 'finished', finished_at = clock_timestamp(), seen = :seen,
    inserted = :inserted, unchanged = :unchanged, rejected = :rejected
where id = :run_id
"""

FAIL = """
update sync_runs set state = 'failed', finished_at = clock_timestamp(), error = :error
where id = :run_id
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load did with the records it read: read = inserted + unchanged + rejected."""

    read: int
    inserted: int
    unchanged: int
    rejected: int
    cases: int
    first_rejects: tuple[tuple[int, str], ...] = ()


def start_run(sync: str, source: str) -> int:
    """Note that a run has begun; its id marks every fact that it learns."""
    with transaction() as connection:
        run_id = connection.execute(text(START), {"sync": sync, "source": source}).scalar_one()
    return int(run_id)


def fail_run(run_id: int, error: str) -> None:
    """Note that a run has come to nothing, and why."""
    with transaction() as connection:
        connection.execute(text(FAIL), {"run_id": run_id, "error": error[:2000]})


def load(
    connection: Connection, run_id: int, source: str, records: Iterable[Observation | Rejected]
) -> Counts:
    """Load records in the transaction of `connection` and finish the run.

    An error of the records (FileRefused) or of the database leaves nothing behind.
    """
    connection.execute(text("set local statement_timeout = 0"))
    connection.execute(text(STAGE))
    staging = _Staging(records)
    try:
        connection.connection.cursor().copy_expert(COPY, staging)
    except psycopg2.Error:
        # The driver hides what went wrong while it read from us.
        if staging.refusal is not None:
            raise staging.refusal from None
        raise
    lock(connection)
    connection.execute(text(FRESH))
    inserted = connection.execute(
        text("select count(distinct position) from fresh_facts")
    ).scalar_one()
    if inserted:
        connection.execute(text(FACTS), {"run_id": run_id})
        connection.execute(text(TOUCHED))
        connection.execute(text("insert into touched_cases select distinct key from fresh_facts"))
        connection.execute(text("analyze touched_cases"))
        rebuild(connection)
        connection.execute(text(BUMP))
    _reject(connection, run_id, source, staging.rejected)
    counts = Counts(
        read=staging.read_count,
        inserted=inserted,
        unchanged=staging.read_count - inserted - len(staging.rejected),
        rejected=len(staging.rejected),
        cases=len(staging.keys),
        first_rejects=tuple((r.position, r.reason) for r in staging.rejected[:REJECTS_TOLD]),
    )
    _finish(connection, run_id, counts)
    return counts


def _reject(connection: Connection, run_id: int, source: str, rejected: list[Rejected]) -> None:
    rows = []
    for record in rejected:
        payload = orjson.dumps(record.payload).decode()
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
            }
        )
    if rows:
        connection.execute(text(REJECTS), rows)


def _finish(connection: Connection, run_id: int, counts: Counts) -> None:
    connection.execute(
        text(FINISH),
        {
            "run_id": run_id,
            "seen": counts.read,
            "inserted": counts.inserted,
            "unchanged": counts.unchanged,
            "rejected": counts.rejected,
        },
    )


class _Staging:
    """Records as the text that COPY reads, made as it asks for it; counts what goes through."""

    def __init__(self, records: Iterable[Observation | Rejected]) -> None:
        self._lines = self._copied(records)
        self._rest = b""
        self.read_count = 0
        self.refusal: FileRefused | None = None
        self.rejected: list[Rejected] = []
        self.keys: set[str] = set()

    def read(self, size: int) -> bytes:
        parts, length = [self._rest], len(self._rest)
        while length < size:
            line = self._next()
            if line is None:
                break
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]

    def _next(self) -> bytes | None:
        try:
            return next(self._lines, None)
        except FileRefused as refusal:
            self.refusal = refusal
            raise

    def _copied(self, records: Iterable[Observation | Rejected]) -> Iterator[bytes]:
        for record in records:
            self.read_count += 1
            if isinstance(record, Rejected):
                self.rejected.append(record)
                continue
            self.keys.add(record.key)
            head = f"{record.position}\t{_cell(record.key)}"
            yield "".join(
                f"{head}\t{fact.field}\t{_cell(fact.value)}\t{fact.at.isoformat()}\t{fact.seq}\t{_cell(fact.actor)}\n"
                for fact in record.facts
            ).encode()


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _cell(value: str | None) -> str:
    """A value in the text format of COPY."""
    return "\\N" if value is None else value.translate(_ESCAPES)
