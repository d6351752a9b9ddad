"""What sources hand over: observations of cases, and records that could not be understood."""

from dataclasses import dataclass
from datetime import UTC, datetime

# A field of a case that is known from its creation on, as soon as it is first observed: a case has
# a status and an owner before its first update is logged. Others hold only from their own time.
HELD_SINCE_CREATION = (
    "status",
    "severity",
    "owner",
    "account",
    "summary",
    "product",
    "product_version",
    "group",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """`field` was `value` from `at` (UTC) on; `seq` orders observations of one instant.

    `actor` is who made it so, where the source tells. Values are canonical text: instants ISO 8601
    UTC, lists JSON, booleans true/false; None means that the source says "nothing".
    """

    field: str
    value: str | None
    at: datetime
    seq: int = 0
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One record of a source about the case `key`, found at `position` (line, counted from 1)."""

    position: int
    key: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be understood: where it was, why, and all that it said."""

    position: int
    key: str | None
    reason: str
    payload: dict[str, object]


def canonical_instant(moment: datetime) -> str:
    """An instant as canonical text."""
    return moment.astimezone(UTC).isoformat()
