"""What sources hand over: observations, and records that could not be understood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from etl.errors import UNREADABLE, reason

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

# Keys: a case by its number, a card by its key, a bug as `tracker|key`; what belongs to another
# record begins with that record's key: a link `case|tracker|key`, a comment `case|id`, a comment
# of a card `card|id`.
Entity = Literal["case", "card", "bug", "link", "comment", "card_comment"]
Kind = Literal["event", "state", "origin"]


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
    """Facts about one thing, of the source's record at `position` (line or place, from 1).

    `kind` tells what the facts are. An `event` is dated by the source and always kept. A `state` is
    what a record holds now: only what differs from the latest known value is kept, dated by the
    record's last update, or by when we saw it where the source changed a value without a date. An
    `origin` is kept only where nothing is known of the field yet.

    `told_at` is a state's last update by the source, `seen_at` the source's clock when we saw it.
    """

    position: int
    key: str
    facts: tuple[Fact, ...]
    entity: Entity = "case"
    kind: Kind = "event"
    told_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """All comments or links that `parent` has are in this batch: others have gone by `seen_at`."""

    entity: Entity
    parent: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be understood: where it was, why, and all that it said.

    `settled`: it is kept for the record only; nobody needs to look after it.
    """

    position: int
    key: str | None
    reason: str
    payload: dict[str, object]
    settled: bool = False


Record = Observation | Whole | Rejected


def whole_or_rejected(
    position: int, key: str | None, payload: dict[str, object], records: Iterable[Record]
) -> Iterator[Record]:
    """What a record of a source tells, or why it could not be read: all of it or nothing.

    Half of a record's comments would make the others seem gone.
    """
    try:
        yield from list(records)
    except UNREADABLE as fault:
        yield Rejected(position, key, reason(fault), payload)


def canonical_instant(moment: datetime) -> str:
    """An instant as canonical text."""
    return moment.astimezone(UTC).isoformat()
