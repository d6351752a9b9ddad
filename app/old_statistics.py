"""What a system before this one counted day by day: kept as it counted, beside our own numbers.

It counted by rules of its own, of the whole board and of days in UTC. So nothing of ours is
compared with it, filtered like it or filled up from it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Numeric, Select, Text, case, cast, func, select

from app.cache import remembered
from app.database import read
from app.models import OldStatistics
from app.period import TICK, local_day
from app.scope import Scope
from app.version import Version

LARGEST = 2**53
# The parameters of a View that do not narrow what is counted.
WHOLE = {"state", "as_of"}


@dataclass(frozen=True, slots=True)
class OldNumber:
    """A number of the old system: our name of its column, its place there, and its label."""

    name: str
    path: tuple[str, ...]
    label: str
    unit: str
    colour: str


# What its trend is told by, in lines.
SHOWN = (
    OldNumber("open_cases", ("open_cases",), "Open cases", "cases", "$accent"),
    OldNumber("high_prio", ("high_prio",), "Urgent and high", "cards", "$severity-2"),
    OldNumber("escalated", ("escalated",), "Escalated", "cards", "$severity-1"),
    OldNumber("crit_sit", ("crit_sit",), "Critical situations", "cards", "$category-3"),
    OldNumber("total_escalations", ("total_escalations",), "Escalations", "cards", "$category-5"),
)
# Some releases counted `no_updates` the other way round.
NUMBERS = (
    *SHOWN,
    OldNumber("watched", ("watched",), "Watched", "cards", "$category-6"),
    OldNumber("no_updates", ("no_updates",), "No updates, as told", "cases", "$category-7"),
    OldNumber("no_bzs", ("no_bzs",), "No bugs", "cards", "$category-4"),
    OldNumber("weekly_opened", ("weekly_opened_cases",), "Opened, week", "cases", "$opened"),
    OldNumber("weekly_closed", ("weekly_closed_cases",), "Closed, week", "cases", "$closed"),
    OldNumber("daily_opened", ("daily_opened_cases",), "Opened, day", "cases", "$opened"),
    OldNumber("daily_closed", ("daily_closed_cases",), "Closed, day", "cases", "$closed"),
    OldNumber("bugs_unique", ("bugs", "unique"), "Bugs", "bugs", "$category-2"),
    OldNumber("bugs_no_target", ("bugs", "no_target"), "Without target", "bugs", "$category-1"),
)


def counted(scope: Scope) -> Select[Any]:
    """A row per day of the period and origin, newest first: `day`, `origin`, and each number.

    Numbers that were not told, or that are none, are NULL. Empty where the View has filters.
    """
    start, end = scope.period.filled()
    zone = scope.view.tz
    asked = [OldStatistics.day.between(local_day(start, zone), local_day(end - TICK, zone))]
    if not is_whole(scope):
        asked.append(OldStatistics.day.is_(None))
    return (
        select(
            OldStatistics.day,
            cast(OldStatistics.origin, Text).label("origin"),
            *(_number(one.path).label(one.name) for one in NUMBERS),
        )
        .where(*asked)
        .order_by(OldStatistics.day.desc(), OldStatistics.origin)
    )


def is_whole(scope: Scope) -> bool:
    """Whether a View is of the whole board, as all that the old system counted."""
    return not set(scope.view.filters()) - WHOLE


def told_in(scope: Scope, version: Version) -> bool:
    """Whether the old system counted on any day of the period."""
    text = remembered(("old statistics", version.key), _span)
    first, last = orjson.loads(text)
    if first is None:
        return False
    start, end = scope.period.filled()
    zone = scope.view.tz
    begins, ends = local_day(start, zone), local_day(end - TICK, zone)
    return date.fromisoformat(first) <= ends and date.fromisoformat(last) >= begins


def _span() -> str:
    day = OldStatistics.day
    told = read(select(func.min(day).label("first"), func.max(day).label("last")))
    return orjson.dumps([told["first"].iloc[0], told["last"].iloc[0]]).decode()


def _number(path: tuple[str, ...]) -> ColumnElement[Any]:
    value = func.jsonb_extract_path(OldStatistics.numbers, *path)
    # No branch is taken before its condition holds: texts are never read as numbers.
    number = case((func.jsonb_typeof(value) == "number", cast(cast(value, Text), Numeric)))
    whole = (number == func.trunc(number)) & (func.abs(number) <= LARGEST)
    return case((whole, cast(number, BigInteger)))
