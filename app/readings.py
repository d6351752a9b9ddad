"""What is to be read of the case versions for some counts: as few readings as will do.

A reading is one pass over stretches of versions. Counts that differ by plain values or by time only
share it, each holding for parts of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_

from app.board import Board
from app.metrics import Count
from app.spans import EVENTS, Stretches, open_versions, recent_versions
from app.versions import V
from app.view import View

# The plain filters of counts, which hold or fail for a version as a whole.
PLAIN = {"severity", "escalated", "crit_sit", "escalation"}
# Those of time, which hold for a part of a version.
TIMED = {"stale", "sla"}
NO_BUGS = {"bugs": ("none",)}

Flags = dict[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Stretches that are read once, and their parts in which counts hold (1) or do not (0)."""

    base: Stretches
    parts: list[tuple[Stretches, Flags]]

    def reads_as(self, other: "Reading") -> bool:
        """Whether both read the same versions, of whatever comes beside them."""
        mine, others = self.base, other.base
        alike = (mine.until, mine.within, mine.q) == (others.until, others.within, others.q)
        return alike and and_(*mine.where).compare(and_(*others.where))

    def reached(self, first: datetime, last: datetime) -> list[ColumnElement[bool]]:
        """What a version must be to hold at some instant of `[first, last]`."""
        return [*self.base.where, *self.base.reached(first, last)]

    def parted(self, first: datetime, last: datetime) -> list[ColumnElement[bool]]:
        """That a part of it holds at some instant then, as far as it is worth asking."""
        asked = [part.parted(first, last) for part, _ in self.parts]
        if len(asked) == 1:
            return asked[0]
        # Most cases never come near their target; of what happened of late there is little.
        few = self.base.within is None and not any(part.whole for part, _ in self.parts)
        some = [or_(*(and_(*one) for one in asked))] if few else []
        return [*self.base.parted(first, last), *some]


def readings(
    view: View, board: Board, counts: Sequence[Count], last: datetime
) -> Iterator[Reading]:
    """The readings that tell some counts of a View at instants up to the last one."""
    yield from _of_open(view, board, [count for count in counts if not count.since], last)
    yield from _of_recent(view, board, [count for count in counts if count.since])


def _of_open(
    view: View, board: Board, counts: Sequence[Count], last: datetime
) -> Iterator[Reading]:
    """How open cases are read: once for all counts that ask for nothing but values and time."""
    known = [(count, rows) for count in counts if (rows := count.rows(view, last))]
    plain = [count for count, _ in known if set(count.only) <= PLAIN]
    timed = [(count, rows) for count, rows in known if count.only and set(count.only) <= TIMED]
    # Cases without bugs are all open cases, less those that have some.
    bare = [] if view.bugs or view.bug else [count for count, _ in known if count.only == NO_BUGS]
    flags = {count.name: _flag(board, count) for count in plain}
    flags |= {count.name: literal(1) for count in bare}
    told = [(view, flags)] if flags else []
    told += [(rows, {count.name: literal(1)}) for count, rows in timed]
    asked_for = {name for count in plain for name in count.only}
    asked_for |= {name for asked, _ in told for name in asked.filters()}
    if told:
        for base in open_versions(board, view, asked_for):
            yield Reading(
                base,
                [
                    (base.cut(*span), named)
                    for asked, named in told
                    for span in board.open_spans(asked, base.until)
                ],
            )
    for count, rows in known:
        if count in plain or (count, rows) in timed:
            continue
        for base in open_versions(board, rows, ()):
            if count not in bare or base.sign < 0:
                parts = [base.cut(*span) for span in board.open_spans(rows, base.until)]
                yield Reading(base, [(part, {count.name: literal(1)}) for part in parts])


def _of_recent(view: View, board: Board, counts: Sequence[Count]) -> Iterator[Reading]:
    """How cases are read that were created or closed of late: once for each event."""
    for event, moment in EVENTS.items():
        spans = {
            count.name: count.since[1]
            for count in counts
            if count.since and count.since[0] == event
        }
        if not spans:
            continue
        begun = func.greatest(V.valid_from, moment)
        for base in recent_versions(board, view, event, max(spans.values())):
            # In (T - span, T] means: from the moment on until a span later.
            yield Reading(
                base,
                [
                    (
                        base.cut(begun, func.least(base.until, moment + span)),
                        {name: literal(1)},
                    )
                    for name, span in spans.items()
                ],
            )


def _flag(board: Board, count: Count) -> ColumnElement[Any]:
    if not count.only:
        return literal(1)
    [asked] = board.value_filters(View(**count.only))
    return case((asked, 1), else_=0)
