"""The days that a sent report is about."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 7


def days_before(moment: datetime, zone: str, days: int = DAYS) -> tuple[datetime, datetime]:
    """The whole local days before the day of a moment, as UTC instants `[start, end)`."""
    local = ZoneInfo(zone)
    today = moment.astimezone(local).date()
    start, end = (
        datetime.combine(day, time(), local).astimezone(UTC)
        for day in (today - timedelta(days=days), today)
    )
    return start, end
