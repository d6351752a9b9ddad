"""Move over from the old system: read its dump, load it, and tell what became of every record."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from app import sla
from app.database import transaction
from app.models import Change, OldStatistics, SyncRun, Watermark
from app.settings import get_settings
from etl.errors import FileRefused
from etl.load import BUMP, Counts, load
from etl.records import Observation, Record, Rejected, Whole
from etl.runs import fail_run, finish_run, start_run
from etl.sources.t5g import Reader
from etl.sources.t5g_dump import Dump, read_dump, taken_at
from etl.sources.t5g_ledger import Ledger
from etl.sources.t5g_statistics import Day

SYNC = "t5g"
# When the latest dump was taken, and the first one: from then on counts what has no time.
TAKEN, FIRST = "taken", "first"
KEYS_AT_ONCE = 5_000
DAYS_AT_ONCE = 1_000
# What hangs on a record; where a live source tells of that, it tells of all that hangs on it.
HANGING = {"card_comment": "card", "link": "case"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MovingOver:
    """What came of a dump that was `taken` at an instant (UTC) at the earliest.

    `name` is that of the file or Redis, `others` how many keys of a Redis were left alone. `counts`
    and `days` (of statistics, new or told otherwise) say what was new; of a check they are None.
    """

    name: str
    taken: datetime
    ledger: Ledger
    others: int
    counts: Counts | None = None
    days: int | None = None


def check_t5g(place: str) -> MovingOver:
    """Read a dump and tell what an import would make of it; nothing is written, no database needed.

    FileRefused when it cannot be used at all.
    """
    dump, reader = _read(place)
    for _ in reader.records():
        pass
    return MovingOver(dump.name, reader.taken, reader.ledger, dump.others)


def import_t5g(place: str | Dump, progress: Progress | None = None) -> MovingOver:
    """Import a dump of the old system: a file, the URL of its Redis, or what was read of either.

    Importing it again changes nothing; a later dump adds what changed. What live sources have told
    of themselves is left as they told it. FileRefused, with nothing imported, when the dump cannot
    be used, or is older than one that was imported before.
    """
    dump, reader = _read(place)
    run_id = start_run(SYNC, f"{SYNC} {dump.name}")
    try:
        sla.keep()
        with transaction() as connection:
            counts, days = _load(connection, run_id, reader, progress)
            finish_run(connection, run_id)
    except BaseException as error:
        # When the database itself has gone, the first error is the one to tell.
        with suppress(DBAPIError):
            fail_run(run_id, str(error) or type(error).__name__)
        raise
    return MovingOver(dump.name, reader.taken, reader.ledger, dump.others, counts, days)


def _read(place: str | Dump) -> tuple[Dump, Reader]:
    dump = place if isinstance(place, Dump) else read_dump(place)
    taken = taken_at(dump, datetime.now(UTC))
    return dump, Reader(dump, taken, get_settings().potential_label)


def _load(
    connection: Connection, run_id: int, reader: Reader, progress: Progress | None
) -> tuple[Counts, int]:
    _refuse_older(connection, reader.taken)
    records = list(reader.records())
    live = _live(connection, records)
    respected = _respected(records, live, reader.ledger, progress)
    counts = load(connection, run_id, SYNC, respected)
    if not reader.ledger.adds_up:
        raise AssertionError("records of the dump are not accounted for")
    days = _keep(connection, run_id, reader.days)
    if days and not counts.fresh:
        connection.execute(text(BUMP))
    return counts, days


def _refuse_older(connection: Connection, taken: datetime) -> None:
    """Refuse a dump that is older than what is known, else remember when it was taken."""
    asked = select(Watermark.value).where(Watermark.source == SYNC, Watermark.name == TAKEN)
    known = connection.execute(asked).scalar_one_or_none()
    if known and datetime.fromisoformat(known) > taken:
        raise FileRefused(
            f"This dump is of {taken:%Y-%m-%d %H:%M} UTC; a later one, of "
            f"{datetime.fromisoformat(known):%Y-%m-%d %H:%M} UTC, was imported before. "
            "Nothing was imported."
        )
    first = insert(Watermark).values(source=SYNC, name=FIRST, value=taken.isoformat())
    connection.execute(first.on_conflict_do_nothing())
    told = insert(Watermark).values(source=SYNC, name=TAKEN, value=taken.isoformat())
    connection.execute(
        told.on_conflict_do_update(
            index_elements=["source", "name"],
            set_={"value": taken.isoformat(), "updated_at": func.clock_timestamp()},
            where=Watermark.value != taken.isoformat(),
        )
    )


def _live(connection: Connection, records: Iterable[Record]) -> set[tuple[str, str]]:
    """Of the things that a dump tells of, those that another source has told of."""
    keys: dict[str, set[str]] = {}
    for record in records:
        if isinstance(record, Observation):
            keys.setdefault(record.entity, set()).add(record.key)
    found: set[tuple[str, str]] = set()
    for entity, known in keys.items():
        ordered = sorted(known)
        for start in range(0, len(ordered), KEYS_AT_ONCE):
            asked = (
                select(Change.key)
                .distinct()
                .join(SyncRun, SyncRun.id == Change.run_id)
                .where(
                    Change.entity == entity,
                    Change.key.in_(ordered[start : start + KEYS_AT_ONCE]),
                    SyncRun.sync != SYNC,
                )
            )
            found |= {(entity, key) for key in connection.execute(asked).scalars()}
    return found


def _respected(
    records: list[Record],
    live: set[tuple[str, str]],
    ledger: Ledger,
    progress: Progress | None,
) -> Iterator[Record]:
    """The records without what a live source tells itself; of the rest what it does not know."""
    left: set[int] = set()
    kept: set[int] = set()
    for place, record in enumerate(records, start=1):
        if progress and place % 1000 == 0:
            progress(place, len(records))
        if isinstance(record, Rejected):
            yield record
        elif isinstance(record, Whole):
            if (HANGING[record.entity], record.parent) not in live:
                yield record
        elif _hangs_on_live(record, live):
            left.add(record.position)
        else:
            kept.add(record.position)
            known = (record.entity, record.key) in live
            yield replace(record, kind="origin") if known else record
    for position in left - kept:
        ledger.told(position)


def _hangs_on_live(record: Observation, live: set[tuple[str, str]]) -> bool:
    of = HANGING.get(record.entity)
    return of is not None and (of, record.key.split("|", maxsplit=1)[0]) in live


def _keep(connection: Connection, run_id: int, days: Iterable[Day]) -> int:
    """Keep the statistics; tells how many days were new or say something else now."""
    rows = [
        {"origin": one.origin, "day": one.day, "numbers": one.numbers, "run_id": run_id}
        for one in days
    ]
    changed = 0
    for start in range(0, len(rows), DAYS_AT_ONCE):
        told = insert(OldStatistics).values(rows[start : start + DAYS_AT_ONCE])
        new = told.excluded
        changed += connection.execute(
            told.on_conflict_do_update(
                index_elements=["origin", "day"],
                set_={
                    "numbers": new.numbers,
                    "run_id": new.run_id,
                    "learned_at": func.clock_timestamp(),
                },
                where=OldStatistics.numbers.is_distinct_from(new.numbers),
            )
        ).rowcount
    return changed
