"""How single values are shown to people."""

import math
from datetime import datetime
from zoneinfo import ZoneInfo


def moment(value: datetime | None, zone: str) -> str:
    """An instant in the viewer's zone, to the minute: `2016-03-10 09:30`; a dash for none."""
    if value is None or value != value:  # noqa: PLR0124 - NaT differs from itself
        return "–"
    return value.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes")[:16]


def ago(value: datetime, now: datetime) -> str:
    """How long ago, in the largest whole unit: `4 min ago`."""
    seconds = max(0, int((now - value).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit} ago"
    return "just now"


def days(value: float | None) -> str:
    """A span of days: `12 d`, `0.4 d`; a dash for none."""
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return "–"
    # Whole days are cut, not rounded, as ages are.
    return f"{math.trunc(value):,} d" if abs(value) >= 10 else f"{value:,.1f} d"


def time_left(end: datetime, now: datetime) -> str:
    """How long until an instant, or since when it is past: `1 d 4 h left`, `12 d over`."""
    minutes = int((end - now).total_seconds() // 60)
    word = "left" if end > now else "over"
    whole_days, hours, minutes = abs(minutes) // 1_440, abs(minutes) % 1_440 // 60, abs(minutes)
    if whole_days >= 10:
        return f"{whole_days:,} d {word}"
    if whole_days:
        return f"{whole_days} d {hours} h {word}" if hours else f"{whole_days} d {word}"
    return f"{hours} h {minutes % 60} min {word}" if hours else f"{minutes} min {word}"
