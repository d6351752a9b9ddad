"""What a panel is asked: a View at an instant, and the period that it looks at."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from app.board import Board
from app.period import TICK, USUAL, Period, local_day, midnight
from app.version import Version
from app.view import View
from app.view_fields import write_instant

DAYS_SHOWN = 365
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """A View at an instant (UTC). `live` tells that nothing is known after it (`Version.live`).

    `period` is filled in: the last year where the address names none.
    """

    view: View
    instant: datetime
    live: bool = False
    period: Period = field(default_factory=Period)

    @classmethod
    def of(
        cls,
        view: View,
        instant: datetime,
        version: Version | None = None,
        period: Period = USUAL,
    ) -> "Scope":
        """The scope of a View at an instant under a version of the data."""
        live = version is not None and version.live(instant)
        first = version.first if version else None
        return cls(view, instant, live, period.within(instant, view.tz, DAYS_SHOWN, first))

    @property
    def board(self) -> Board:
        """The cases as they stood at the instant."""
        return Board.at(self.instant, live=self.live)

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this scope from all others, but for the data version."""
        return (self.view.to_query(), write_instant(self.instant), self.period.to_query())

    def days(self) -> tuple[date, ...]:
        """The local days of the period, oldest first."""
        return _days(*self.period.filled(), self.view.tz)

    @property
    def last(self) -> datetime:
        """The last instant of the period, in UTC; the instant itself where they end together."""
        _, end = self.period.filled()
        return end if end == self.instant else end - TICK

    def ends(self) -> tuple[datetime, ...]:
        """The last instants of those days, in UTC; of the last one that of the period."""
        return _ends(*self.period.filled(), self.view.tz, self.last)


@lru_cache(maxsize=64)
def _days(start: datetime, end: datetime, zone: str) -> tuple[date, ...]:
    first, last = local_day(start, zone), local_day(end - TICK, zone)
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


@lru_cache(maxsize=64)
def _ends(start: datetime, end: datetime, zone: str, last: datetime) -> tuple[datetime, ...]:
    ends = [midnight(day + A_DAY, zone) - TICK for day in _days(start, end, zone)]
    return (*ends[:-1], min(ends[-1], last))
