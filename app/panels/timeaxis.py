"""The axis of time that a period is drawn over."""

from zoneinfo import ZoneInfo

from app.scope import Scope
from app.theme import Figure


def time_axis(scope: Scope, title: str) -> Figure:
    """An axis over the whole period, in the View's zone, whether or not something fills it."""
    zone = ZoneInfo(scope.view.tz)
    ends = [moment.astimezone(zone).replace(tzinfo=None) for moment in scope.period.filled()]
    return {
        "type": "date",
        "range": [moment.isoformat(timespec="seconds") for moment in ends],
        "title": {"text": title},
    }
