"""What the old system counted day by day, kept as it counted."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from etl.errors import Malformed
from etl.load import storable

DAY = re.compile(r"\d{4}-\d\d-\d\d")
# Installations of long ago kept a list per product.
ORIGINS = {"stats": "t5g", "telco5g_stats": "t5g telco5g", "cnv_stats": "t5g cnv"}


@dataclass(frozen=True, slots=True)
class Day:
    """All that one list of the old system said of a day (UTC)."""

    origin: str
    day: date
    numbers: dict[str, object]


def day(key: str, name: str, told: object, taken: datetime) -> Day:
    """A day of the statistics under a key; Malformed when it is none."""
    try:
        found = date.fromisoformat(name) if DAY.fullmatch(name) else None
    except ValueError:
        found = None
    if found is None:
        raise Malformed("is not a day")
    if not date(1990, 1, 1) <= found <= taken.date() + timedelta(days=1):
        raise Malformed("is no day on which the old system can have counted")
    if not isinstance(told, dict):
        raise Malformed("has no numbers by name")
    numbers = storable(told)
    return Day(ORIGINS[key], found, numbers if isinstance(numbers, dict) else {})
