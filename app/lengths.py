"""How long something took, as filters say it: `7..14` days, `1h..8h`, `none:30..`.

`7..14` is reached after at least 7 and less than 14 days, `none:7..14` not reached and waiting for
that long; an end may be left out, `h` makes hours of days, `any` is `..` and `none` is `none:..`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONGEST_HOURS = timedelta(days=3)

_AMOUNT = r"[0-9]{1,5}(?:\.[0-9]{1,4})?h?"
_SPAN = re.compile(rf"(none:)?({_AMOUNT})?\.\.({_AMOUNT})?", re.ASCII)


def span_like(colon: str = ":") -> str:
    """What a span looks like, without groups; the colon as it is encoded."""
    return rf"any|none|(?:none{colon})?(?:{_AMOUNT})?\.\.(?:{_AMOUNT})?"


_ALIASES = {"any": "..", "none": "none:.."}


@dataclass(frozen=True, slots=True)
class Length:
    """Lengths of time `[start, end)`, None for no bound; `reached` tells whether one has ended."""

    start: timedelta | None = None
    end: timedelta | None = None
    reached: bool = True

    @property
    def is_nothing(self) -> bool:
        """Whether it ends before it begins, so that nothing takes that long."""
        return self.start is not None and self.end is not None and self.start >= self.end

    @property
    def text(self) -> str:
        """The span as an address says it."""
        if self.start is None and self.end is None:
            return "any" if self.reached else "none"
        return ("" if self.reached else "none:") + f"{_amount(self.start)}..{_amount(self.end)}"

    @property
    def words(self) -> str:
        """The span as people say it: `7 to 14 days`, `not yet, for 30 days or more`."""
        if self.start is None and self.end is None:
            return "reached" if self.reached else "not yet"
        return (
            length_words(self.start, self.end)
            if self.reached
            else (f"not yet, for {length_words(self.start, self.end)}")
        )

    def within(self, other: "Length") -> "Length | None":
        """What two spans have in common, None for nothing."""
        if self.reached != other.reached:
            return None
        starts = [start for start in (self.start, other.start) if start is not None]
        ends = [end for end in (self.end, other.end) if end is not None]
        start, end = max(starts, default=None), min(ends, default=None)
        if start is not None and end is not None and start >= end:
            return None
        return Length(start, end, self.reached)


def read_length(text: str) -> Length | None:
    """The span that a text says, None where it says none."""
    found = _SPAN.fullmatch(_ALIASES.get(text, text))
    if found is None:
        return None
    return Length(_read(found[2]), _read(found[3]), found[1] is None)


def lengths_between(edges: Iterable[timedelta]) -> tuple[Length, ...]:
    """Spans that lie side by side: up to the first edge, between each two, from the last on."""
    return tuple(Length(start, end) for start, end in pairwise((None, *edges, None)))


def narrowed(asked: tuple[str, ...], wanted: Iterable[Length]) -> tuple[str, ...]:
    """What passes both a filter in force (no text: none is) and a wanted one; empty for nothing."""
    if not asked:
        return tuple(sorted(span.text for span in wanted))
    known = [span for span in map(read_length, asked) if span]
    both = {one.within(other) for one in wanted for other in known}
    return tuple(sorted(span.text for span in both if span))


def length_words(start: timedelta | None, end: timedelta | None) -> str:
    """A length of time in words: `1 to 3 hours`, `under 1 hour`, `240 days or more`."""
    if start is None:
        return "any time" if end is None else f"under {_words(end)}"
    if end is None:
        return f"{_words(start)} or more"
    (low, unit), (high, other) = _parts(start), _parts(end)
    return f"{low} to {high} {other}s" if unit == other else f"{_words(start)} to {_words(end)}"


def _words(length: timedelta) -> str:
    number, unit = _parts(length)
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def _parts(length: timedelta) -> tuple[str, str]:
    hours, rest = divmod(length, HOUR)
    if rest == timedelta(0) and hours % 24 and length < LONGEST_HOURS:
        return str(hours), "hour"
    return _decimal(length, DAY), "day"


def _amount(length: timedelta | None) -> str:
    if length is None:
        return ""
    number, unit = _parts(length)
    if unit == "hour":
        return f"{number}h"
    days = Decimal(number)
    exact = timedelta(microseconds=int(days * (DAY // timedelta(microseconds=1)))) == length
    return number if exact else f"{_decimal(length, HOUR)}h"


def _decimal(length: timedelta, unit: timedelta) -> str:
    tick = timedelta(microseconds=1)
    told = Decimal(length // tick) / Decimal(unit // tick)
    return f"{told.quantize(Decimal('0.0001')).normalize():f}"


def _read(text: str | None) -> timedelta | None:
    if not text:
        return None
    number, unit = (text[:-1], HOUR) if text.endswith("h") else (text, DAY)
    return timedelta(microseconds=int(Decimal(number) * (unit // timedelta(microseconds=1))))
