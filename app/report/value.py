"""The report as a plain value: sections of lines, bugs, and the latest comments."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import orjson

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as it stood when the period ended; `severity` is 1..4, None where it is not set."""

    number: str
    summary: str | None
    account: str | None
    severity: int | None
    status: str | None
    engineer: str | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened to a case at an instant (UTC), by whom where that is known.

    `field` is what changed, with its values `before` and `after`; empty where the section says all.
    """

    case: Standing
    at: datetime
    field: str = ""
    before: str | None = None
    after: str | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True)
class BugLine:
    """A bug whose `field` (target, status) changed, and the cases that wait for it, by number."""

    tracker: str
    key: str
    summary: str | None
    field: str
    at: datetime
    before: str | None
    after: str | None
    who: str | None
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """The latest comment of the period on a case or its card (`source`: portal, jira).

    `text` is at most `LONGEST_TEXT` characters of `length`; `comments` is how many the period has.
    """

    case: Standing
    at: datetime
    author: str | None
    source: str
    text: str
    length: int
    comments: int


LONGEST_TEXT = 600
# The sections about cases, then those about bugs, in the order in which they are told.
CASE_SECTIONS = (
    "opened",
    "closed",
    "reopened",
    "escalated",
    "deescalated",
    "severity",
    "hands",
    "at_risk",
    "breached",
)
BUG_SECTIONS = ("targeted", "fixed")


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in `[start, end)` (UTC) to the cases that match `query` as the period ends.

    `query` is that of a View of all cases; its zone is the one in which days are told. `cases` has
    the lines of each of `CASE_SECTIONS`, `bugs` those of `BUG_SECTIONS`, oldest first; `said` is
    ordered by account, status and case. `open_before` and `open_after` are the open cases at both
    ends. `known_at` is when the data last changed, None for an empty board.
    """

    query: str
    start: datetime
    end: datetime
    known_at: datetime | None
    open_before: int
    open_after: int
    cases: dict[str, tuple[Line, ...]]
    bugs: dict[str, tuple[BugLine, ...]]
    said: tuple[Said, ...]

    @property
    def last(self) -> datetime:
        """The last instant of the period: what the cases are shown as of."""
        return self.end - TICK

    @property
    def start_before(self) -> datetime:
        """The last instant before the period."""
        return self.start - TICK

    @property
    def counts(self) -> dict[str, int]:
        """How many lines each section has, in the order in which they are told."""
        return {name: len(lines) for name, lines in [*self.cases.items(), *self.bugs.items()]}

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened at all."""
        return not self.said and not any(self.counts.values())

    def to_json(self) -> str:
        """The report as JSON text."""
        return orjson.dumps(self).decode()

    @classmethod
    def from_json(cls, told: str) -> Self:
        """The report that `to_json` wrote."""
        read: dict[str, Any] = orjson.loads(told)
        return cls(
            query=read["query"],
            start=_instant(read["start"]),
            end=_instant(read["end"]),
            known_at=_instant(read["known_at"]) if read["known_at"] else None,
            open_before=read["open_before"],
            open_after=read["open_after"],
            cases={name: tuple(map(_line, lines)) for name, lines in read["cases"].items()},
            bugs={name: tuple(map(_bug, lines)) for name, lines in read["bugs"].items()},
            said=tuple(map(_said, read["said"])),
        )


def plain(report: Report) -> dict[str, Any]:
    """The report as dictionaries and lists, for tests and other programs."""
    return asdict(report)


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told)


def _line(told: dict[str, Any]) -> Line:
    return Line(**{**told, "case": Standing(**told["case"]), "at": _instant(told["at"])})


def _bug(told: dict[str, Any]) -> BugLine:
    return BugLine(**{**told, "at": _instant(told["at"]), "cases": tuple(told["cases"])})


def _said(told: dict[str, Any]) -> Said:
    return Said(**{**told, "case": Standing(**told["case"]), "at": _instant(told["at"])})
