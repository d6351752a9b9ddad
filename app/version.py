"""The data version: one number that every load increments in its own transaction."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from app.database import snapshot
from app.models import DataVersion
from app.view_fields import write_instant


@dataclass(frozen=True, slots=True)
class Version:
    """`number` grows with each load that changed something; `changed_at` is UTC, None if never.

    `latest` is when the latest case version begins (UTC), None where there is none.
    """

    number: int
    changed_at: datetime | None
    latest: datetime | None = None

    @property
    def key(self) -> str:
        """What tells these data from all others, also from those of another database."""
        return f"{self.number} {self.changed_at}"

    def live(self, instant: datetime) -> bool:
        """Whether nothing is known after an instant, so that the board is what has no end."""
        return self.latest is None or self.latest <= instant

    def moment(self, instant: datetime, *, by_time: bool) -> str:
        """What an answer at an instant is remembered by, beside its View and the `key`.

        Of the live board all instants are one, but for what goes by time.
        """
        return "live" if self.live(instant) and not by_time else write_instant(instant)


def data_version(connection: Connection | None = None) -> Version:
    """The version of the data that a reader sees now."""
    asked = select(DataVersion.version, DataVersion.changed_at, DataVersion.latest)
    with nullcontext(connection) if connection else snapshot() as reader:
        return Version(*reader.execute(asked).one())
