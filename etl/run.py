"""A run of a sync, as its work sees it: load, remember, tell how far it is."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.database import transaction
from app.models import SyncSighting, Watermark
from app.settings import Settings
from etl.http import Door, Site
from etl.load import Counts, load
from etl.pace import Patience
from etl.records import Record
from etl.runs import own

BEAT = """
update sync_runs set heartbeat_at = clock_timestamp(), requests = :requests, doing = :doing,
    done = :done, total = :total, notes = :notes
where id = :run_id and state = 'running'
"""


@dataclass(slots=True)
class Run:
    """One run: `full` enumerates everything, else only what has changed.

    Everything that a run writes is fenced by its id: RunLost as soon as it was given up.
    """

    id: int
    sync: str
    source: str
    full: bool
    settings: Settings
    attempt: int = 1
    allow_drop: bool = False
    doing: str = ""
    done: int = 0
    total: int | None = None
    notes: list[str] = field(default_factory=list)
    state: str = "finished"
    error: str | None = None
    fresh: int = 0
    doors: list[Door] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def door(self, site: Site) -> Door:
        """The door to a site for this run."""
        settings = self.settings
        door = Door(
            site,
            Patience(settings.source_timeout, settings.source_patience),
            concurrency=settings.source_concurrency,
            read_only=settings.read_only,
        )
        door.stopped = self.stopped
        self.doors.append(door)
        return door

    def load(
        self,
        records: Iterable[Record],
        also: Callable[[Connection], None] | None = None,
        *,
        gone: bool = False,
    ) -> Counts:
        """Load records in one transaction; `also` writes what belongs to them."""
        with transaction() as connection:
            counts = load(connection, self.id, self.sync, records, gone=gone)
            if also is not None:
                also(connection)
        self.fresh += counts.fresh
        return counts

    def tell(self, doing: str, done: int = 0, total: int | None = None) -> None:
        """What the run is doing, and how far it is; people see it within seconds."""
        self.doing, self.done, self.total = doing, done, total
        self.beat()

    def note(self, words: str, *, partial: bool = False) -> None:
        """Something that people should know of; `partial`: not all could be read."""
        if words not in self.notes:
            self.notes.append(words)
        if partial and self.state == "finished":
            self.state = "partial"

    def beat(self) -> bool:
        """Say that the run is alive; False when it is no longer ours."""
        told = {
            "run_id": self.id,
            "requests": self.requests,
            "doing": self.doing or None,
            "done": self.done,
            "total": self.total,
            "notes": self.notes[:20],
        }
        with transaction() as connection:
            return connection.execute(text(BEAT), told).rowcount == 1

    @property
    def requests(self) -> int:
        """How many requests the run has sent."""
        return sum(door.tally.requests for door in self.doors)

    def remembered(self, name: str) -> str | None:
        """What an earlier run of the sync remembered under a name."""
        asked = select(Watermark.value).where(Watermark.source == self.sync, Watermark.name == name)
        with transaction() as connection:
            return connection.execute(asked).scalar_one_or_none()

    def remember(self, name: str, value: str) -> None:
        """Keep a value for later runs of the sync."""
        with transaction() as connection:
            own(connection, self.id)
            told = insert(Watermark).values(source=self.sync, name=name, value=value)
            connection.execute(
                told.on_conflict_do_update(
                    index_elements=["source", "name"],
                    set_={"value": value, "updated_at": func.clock_timestamp()},
                    where=Watermark.value != value,
                )
            )

    def watermark(self) -> datetime | None:
        """Up to when (the source's clock, UTC) earlier runs have read everything."""
        told = self.remembered("until")
        return None if told is None else datetime.fromisoformat(told)

    def advance(self, until: datetime) -> None:
        """Remember that everything up to an instant was read; never steps back."""
        known = self.watermark()
        if known is None or until > known:
            self.remember("until", until.astimezone(UTC).isoformat())

    def sight(self, keys: Iterable[str]) -> None:
        """Note what a full enumeration has seen."""
        rows = [{"run_id": self.id, "key": key} for key in dict.fromkeys(keys)]
        if rows:
            with transaction() as connection:
                own(connection, self.id)
                connection.execute(insert(SyncSighting).on_conflict_do_nothing(), rows)
