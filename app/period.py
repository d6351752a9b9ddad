"""A period of time that a page looks at, beside the View: `from`, `to` and `compare`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app.view_fields import Contradiction, ParameterError, parse_instant, write_instant

Compare = Literal["", "previous", "year"]
PARAMETERS = ("from", "to", "compare")
COMPARISONS = ("previous", "year")
LONGEST = timedelta(days=3_660)
TICK = timedelta(microseconds=1)
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Period:
    """`[start, end)` in UTC instants; None where the page's own default counts.

    `compare` asks for the period before beside it, or for the same days of the year before.
    """

    start: datetime | None = None
    end: datetime | None = None
    compare: Compare = ""

    @classmethod
    def taken(cls, values: dict[str, list[str]], zone: str) -> Self:
        """Take `from`, `to` and `compare` out of an address's parameters.

        A date alone means midnight in `zone`. ParameterError names the parameter that is wrong.
        """
        start = _instant("from", values.pop("from", []), zone)
        end = _instant("to", values.pop("to", []), zone)
        compare = values.pop("compare", [""])
        if len(compare) != 1 or compare[0] not in ("", *COMPARISONS):
            raise ParameterError("compare", f"must be one of {', '.join(COMPARISONS)}")
        if start and end and start >= end:
            raise Contradiction("to", "must be after from")
        if start and end and end - start > LONGEST:
            raise Contradiction("from", f"a period is at most {LONGEST.days} days long")
        asked: Compare = "previous" if compare[0] == "previous" else "year" if compare[0] else ""
        return cls(start, end, asked)

    def within(
        self, instant: datetime, zone: str, days: int, first: datetime | None = None
    ) -> "Period":
        """The period filled in: by default the last `days` local days up to an instant.

        Where no start was given it begins at a local midnight, and not before the day of `first`.
        It never ends after the instant.
        """
        end = min(self.end, instant) if self.end else instant
        if self.start and self.start < end:
            return replace(self, start=max(self.start, end - LONGEST), end=end)
        last = (end - TICK).astimezone(ZoneInfo(zone)).date()
        oldest = last - timedelta(days=days - 1)
        if first is not None:
            oldest = max(oldest, min(local_day(first, zone), last))
        start = midnight(oldest, zone)
        return replace(self, start=start, end=end)

    def before(self, zone: str) -> "Period":
        """The period to compare with: the one just before of the same days, or a year earlier."""
        start, end = self.filled()
        first, last = local_day(start, zone), local_day(end - TICK, zone)
        if self.compare == "year":
            shift = (first - _year_earlier(first)).days
        else:
            shift = (last - first).days + 1
        return Period(moved(start, -shift, zone), moved(end, -shift, zone))

    def filled(self) -> tuple[datetime, datetime]:
        """Start and end, of a period that has both."""
        if self.start is None or self.end is None:
            raise ValueError("a period without start or end has to be filled in by `within`")
        return self.start, self.end

    def to_query(self) -> str:
        """The part of a query string that says this period; empty for the default."""
        pairs = []
        if self.start:
            pairs.append(("from", write_instant(self.start)))
        if self.end:
            pairs.append(("to", write_instant(self.end)))
        if self.compare:
            pairs.append(("compare", self.compare))
        return urlencode(pairs)


USUAL = Period()


@lru_cache(maxsize=4096)
def midnight(day: date, zone: str) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The local day of an instant."""
    return moment.astimezone(ZoneInfo(zone)).date()


def moved(moment: datetime, days: int, zone: str) -> datetime:
    """The same time of day some days on, in a zone; in UTC."""
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=days)
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _year_earlier(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _instant(name: str, texts: Sequence[str], zone: str) -> datetime | None:
    if not texts:
        return None
    if len(texts) > 1:
        raise ParameterError(name, "may be given once only")
    return parse_instant(name, texts[0], zone)
