"""Import an event log: read it, load it, and tell what came of it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from app import sla
from app.database import transaction
from app.models import Case, Watermark
from etl.errors import FileRefused
from etl.load import Counts, load
from etl.records import Observation
from etl.runs import fail_run, finish_run, start_run
from etl.sources.event_map import EventMap, read_map
from etl.sources.events import last_opening, read_events

SAMPLE = Path(__file__).parent.parent / "samples" / "incident_event_log.csv.gz"
SHIFT = "shifted_days"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, in rows.

    `shifted_days` is how far it moved the log's instants; `first_rejects` are a few (line, reason)
    of the rows that could not be understood.
    """

    run_id: int
    read: int
    inserted: int
    unchanged: int
    rejected: int
    cases: int
    shifted_days: int
    first_rejects: tuple[tuple[int, str], ...]


def import_events(
    path: Path,
    *,
    mapping: Path | None = None,
    shift_to_now: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import an event log (CSV, plain or gzip) through a map, the built-in one by default.

    `shift_to_now` moves the log by whole days so that its last opening is today (UTC); the move is
    remembered, so that importing the log again, also on another day, changes nothing.

    Raises FileRefused, with nothing imported, when the file or the map cannot be used.
    """
    event_map = read_map(mapping)
    source = f"events:{event_map.name}"
    days = _shift_days(path, event_map, source, shift_to_now=shift_to_now)
    run_id = start_run("events", f"{source} {path.name}")
    try:
        counts = _load(path, event_map, source, days, run_id, progress)
    except BaseException as error:
        # When the database itself has gone, the first error is the one to tell.
        with suppress(DBAPIError):
            fail_run(run_id, str(error) or type(error).__name__)
        raise
    return ImportReport(
        run_id=run_id,
        read=counts.read,
        inserted=counts.inserted,
        unchanged=counts.unchanged,
        rejected=counts.rejected,
        cases=counts.cases,
        shifted_days=days,
        first_rejects=counts.first_rejects,
    )


def _load(
    path: Path,
    event_map: EventMap,
    source: str,
    days: int,
    run_id: int,
    progress: Callable[[int, int], None] | None,
) -> Counts:
    records = read_events(path, event_map, shift=timedelta(days=days), progress=progress)
    sla.keep()
    with transaction() as connection:
        counts = load(connection, run_id, source, records)
        _remember_shift(connection, source, days)
        finish_run(connection, run_id)
    return counts


def _shift_days(path: Path, event_map: EventMap, source: str, *, shift_to_now: bool) -> int:
    """By how many days to move the log; refused when the same cases lie here moved otherwise."""
    with transaction() as connection:
        known = _known_shift(connection, source)
    if shift_to_now and known:
        return known
    if shift_to_now:
        today = datetime.now(UTC).date()
        days = (today - last_opening(path, event_map).date()).days
        if known is not None and days and _holds_some(path, event_map):
            raise FileRefused(
                f"Cases of {path.name} were imported with their own times before; moved ones would "
                "contradict them. Import without --shift-to, or into an empty database."
            )
        return days
    if known and _holds_some(path, event_map):
        raise FileRefused(
            f"Cases of {path.name} were imported moved by {known:,} days before; import with "
            "`--shift-to now` again, or into an empty database. Nothing was imported."
        )
    return 0


def _known_shift(connection: Connection, source: str) -> int | None:
    asked = select(Watermark.value).where(Watermark.source == source, Watermark.name == SHIFT)
    value = connection.execute(asked).scalar_one_or_none()
    return None if value is None else int(value)


def _remember_shift(connection: Connection, source: str, days: int) -> None:
    told = insert(Watermark).values(source=source, name=SHIFT, value=str(days))
    connection.execute(
        told.on_conflict_do_nothing()
        if not days
        else told.on_conflict_do_update(
            index_elements=["source", "name"],
            set_={"value": str(days), "updated_at": func.clock_timestamp()},
        )
    )


def _holds_some(path: Path, event_map: EventMap) -> bool:
    """Whether any case of the file is here already."""
    keys = {
        record.key for record in read_events(path, event_map) if isinstance(record, Observation)
    }
    with transaction() as connection:
        asked = select(Case.case_number).where(Case.case_number.in_(keys)).limit(1)
        return connection.execute(asked).first() is not None
