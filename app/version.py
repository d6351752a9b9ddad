"""The data version: one number that every load increments in its own transaction."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from app.database import snapshot
from app.models import DataVersion, Mute


@dataclass(frozen=True, slots=True)
class Version:
    """`number` grows with each load that changed something; `changed_at` is UTC, None if never.

    `latest` is when the latest case version begins (UTC), None where there is none. `mutes` grows
    with each entry of a work list that somebody mutes, or mutes no longer.
    """

    number: int
    changed_at: datetime | None
    latest: datetime | None = None
    mutes: int = 0

    @property
    def key(self) -> str:
        """What tells these data from all others, also from those of another database."""
        return f"{self.number} {self.changed_at}"

    def live(self, instant: datetime) -> bool:
        """Whether nothing is known after an instant, so that the board is what has no end."""
        return self.latest is None or self.latest <= instant


def data_version(connection: Connection | None = None) -> Version:
    """The version of the data that a reader sees now."""
    mutes = select(func.count() + func.count(Mute.ended_at)).select_from(Mute).scalar_subquery()
    asked = select(DataVersion.version, DataVersion.changed_at, DataVersion.latest, mutes)
    with nullcontext(connection) if connection else snapshot() as reader:
        return Version(*reader.execute(asked).one())
