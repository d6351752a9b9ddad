"""The days that a sent report is about."""

from datetime import datetime, timedelta

from app.period import local_day, midnight

DAYS = 7


def days_before(moment: datetime, zone: str, days: int = DAYS) -> tuple[datetime, datetime]:
    """The whole local days before the day of a moment, as UTC instants `[start, end)`."""
    today = local_day(moment, zone)
    return midnight(today - timedelta(days=days), zone), midnight(today, zone)
