"""The steps of a period: its days, weeks or months in a reader's zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from app.period import TICK, local_day, midnight
from app.scope import Scope
from app.words import day_words

Unit = Literal["day", "week", "month"]
# A period of so many days is shown by day, or by week; a longer one by month.
BY_DAY, BY_WEEK = 62, 1_100


@dataclass(frozen=True, slots=True)
class Step:
    """A part `[start, end)` of a period, in UTC; `day` is the local day that it begins with."""

    start: datetime
    end: datetime
    day: date

    def words(self, unit: Unit, zone: str) -> str:
        """`on 4 March 2026`, or `from 2 March 2026 to 8 March 2026`: the local days it covers."""
        last = local_day(self.end - TICK, zone)
        first = day_words(midnight(self.day, zone), zone)
        if unit == "day" or last == self.day:
            return f"on {first}"
        return f"from {first} to {day_words(midnight(last, zone), zone)}"


def unit_of(scope: Scope) -> Unit:
    """What a scope's period is divided into."""
    days = len(scope.days())
    return "day" if days <= BY_DAY else "week" if days <= BY_WEEK else "month"


@lru_cache(maxsize=64)
def steps(scope: Scope, before: int = 0) -> tuple[Step, ...]:
    """The steps of a scope's period, oldest first; weeks begin on Monday.

    The first and the last are cut where the period begins and ends; with `before` so many whole
    steps before the first are there as well, and the first is whole.
    """
    start, end = scope.period.filled()
    unit, zone = unit_of(scope), scope.view.tz
    day = _first(local_day(start, zone), unit)
    for _ in range(before):
        day = _first(day - timedelta(days=1), unit)
    found: list[Step] = []
    while (begin := midnight(day, zone)) < end:
        following = _next(day, unit)
        until = min(midnight(following, zone), end)
        begin = begin if before else max(begin, start)
        if begin < until:
            found.append(Step(begin, until, local_day(begin, zone)))
        day = following
    return tuple(found)


def _first(day: date, unit: Unit) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _next(day: date, unit: Unit) -> date:
    if unit == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)
