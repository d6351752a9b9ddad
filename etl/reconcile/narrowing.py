"""Which records two sides do not both have, found by counting ever narrower ranges.

Records have a place that never changes: when a case was created, the number in a card's key. A
source counts the records of a range for one request; only where it counts otherwise than we do, and
only when the range is narrow, is it asked for the keys themselves.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

# At first, so many ranges at most: what is lost here and too much there must not lie in one.
MOST_RANGES, SMALLEST_RANGE = 64, 100
# So many of our records in a range whose keys are asked for at once.
AT_ONCE = 800


class Source(Protocol):
    """A source that counts and shows the keys of the records placed in `[start, end)`.

    One that is not `exact` counts others with them, so that it is asked for the keys at once.
    """

    exact: bool

    def count(self, start: int, end: int) -> int:
        """How many records there are."""

    def keys(self, start: int, end: int) -> set[str] | None:
        """Their keys; None where they are more than it shows at once."""


@dataclass(slots=True)
class Compared:
    """`shown` and `held` count the records of the source and ours.

    `lacking_here` are the keys that only the source has, `lacking_there` those that only we have.
    """

    held: int
    shown: int = 0
    lacking_here: set[str] = field(default_factory=set)
    lacking_there: set[str] = field(default_factory=set)


def compare(
    source: Source,
    ours: Mapping[str, int],
    low: int,
    high: int,
    tell: Callable[[int], None] = lambda _: None,
) -> Compared:
    """Compare a source with our records (their places by key), all within `[low, high)`.

    `tell` is told from time to time how many records have been compared.
    """
    by_place = sorted((place, key) for key, place in ours.items())
    places = [place for place, _ in by_place]
    compared = Compared(len(ours))
    waiting = list(_ranges(places, low, high, exact=source.exact))[::-1]
    while waiting:
        start, end = waiting.pop()
        first, last = bisect_left(places, start), bisect_left(places, end)
        shown = source.count(start, end) if source.exact else 0
        if source.exact and shown == last - first:
            compared.shown += shown
            tell(last)
            continue
        keys = source.keys(start, end)
        if keys is None and end - start > 1:
            middle = _middle(places[first:last], start, end, shown)
            waiting += [(middle, end), (start, middle)]
            continue
        known = {key for _, key in by_place[first:last]}
        compared.shown += len(keys or ())
        compared.lacking_here |= (keys or set()) - known
        compared.lacking_there |= known - (keys or set()) if keys is not None else set()
        tell(last)
    return compared


def _ranges(places: list[int], low: int, high: int, *, exact: bool) -> Iterator[tuple[int, int]]:
    """Ranges that hold about as many of our records each, together `[low, high)`."""
    most = min(MOST_RANGES, len(places) // SMALLEST_RANGE) if exact else len(places) // AT_ONCE
    number = max(1, most)
    inner = {places[len(places) * n // number] for n in range(1, number)}
    edges = [low, *sorted(edge for edge in inner if low < edge < high), high]
    yield from pairwise(edges)


def _middle(places: list[int], start: int, end: int, shown: int) -> int:
    """Where to part a range: in the middle of our records, unless we have too few to go by."""
    middle = places[len(places) // 2] if 2 * len(places) > shown else (start + end) // 2
    return middle if start < middle < end else (start + end) // 2
