"""What several sources write alike: texts, instants, numbers of cases."""

import re
from datetime import UTC, datetime
from html import unescape

import orjson

from etl.errors import Malformed

FIRST_YEAR, LAST_YEAR = 1970, 2200
EPOCH_MILLISECONDS = 100_000_000_000
CASE_NUMBER = re.compile(r"(?<!\d)(\d{7,9})(?!\d)")
CASE_IN_SUMMARY = re.compile(r"\s*(\d{6,9})\s*[:\-–]")


def clean(value: object) -> str | None:
    """A text that PostgreSQL can hold, None for nothing: no NUL, no half characters."""
    if value is None or isinstance(value, dict | list):
        return None
    told = str(value).replace("\0", "").encode("utf-8", "replace").decode()
    return told.strip() or None


def instant(value: object, name: str) -> datetime | None:
    """An instant (UTC) told as ISO 8601 or as epoch milliseconds; Malformed when it is neither."""
    if value is None or value == "":
        return None
    try:
        moment = _instant(value)
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{name} {str(value)[:60]!r} is not a time") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Malformed(f"{name} {str(value)[:60]!r} is not between 1970 and 2200")
    return moment


def needed(value: datetime | None, name: str) -> datetime:
    """An instant that a record cannot do without."""
    if value is None:
        raise Malformed(f"{name} is missing")
    return value


def as_list(values: list[str]) -> str:
    """A list as canonical text."""
    return orjson.dumps(values).decode()


def _instant(value: object) -> datetime:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
        number = float(value)
        return datetime.fromtimestamp(number / 1000 if number > EPOCH_MILLISECONDS else number, UTC)
    told = str(value).strip()
    moment = datetime.fromisoformat(told)
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)


def plain_of(markup: object) -> str:
    """The words of a little HTML, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]{0,1000}>", " ", str(markup or ""))).split())
