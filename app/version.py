"""The data version: one number that every load increments in its own transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app import sla
from app.database import fetch_prepared
from app.sla import PolicySpan
from app.view_fields import write_instant

# The policies that the board goes by come along: they cost no statement of their own.
FIRST = """
select min(created_date) from case_versions where valid_to = 'infinity' and not gone
"""
# Grows with each mute that is set or ended; none is ever deleted.
MUTES = "select count(*) + count(ended_at) from mutes"
ASKED = f"select version, changed_at, latest, ({FIRST}), ({sla.TOLD}), ({MUTES}) from data_version"  # noqa: S608
PREPARED = "asked_version"


@dataclass(frozen=True, slots=True)
class Version:
    """`number` grows with each load that changed something; `changed_at` is UTC, None if never.

    `latest` is when the latest version of a case or a bug begins, or a link of theirs begins or
    ends, `first` when the oldest case was created (UTC; None where there is none). `policies` are
    those of the SLA. `mutes` grows with each entry of a work list that somebody mutes, or mutes no
    longer.
    """

    number: int
    changed_at: datetime | None
    latest: datetime | None = None
    first: datetime | None = None
    policies: tuple[PolicySpan, ...] = ()
    mutes: int = 0

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
    # One statement sees one state of the data, without a transaction around it.
    row = (
        tuple(connection.execute(text(ASKED)).one())
        if connection
        else fetch_prepared(PREPARED, ASKED)[0]
    )
    number, changed_at, latest, first, policies, mutes = row
    return Version(number, changed_at, latest, first, sla.noted(policies), mutes)
