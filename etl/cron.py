"""The instants that a cron line names, in UTC."""

from datetime import UTC, datetime, timedelta

from celery.schedules import crontab

LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=366))


def next_slot(line: str, after: datetime) -> datetime:
    """The first instant after `after` that a cron line (UTC) names."""
    slot = crontab.from_string(line)
    slot.nowfun = lambda: after
    last, delta, _ = slot.remaining_delta(after, tz=UTC)
    moment: datetime = last + delta
    return moment.astimezone(UTC)


def latest_slot(line: str, now: datetime) -> datetime:
    """The last instant up to `now` that a cron line (UTC) names; `now` when there was none."""
    for back in LOOK_BACK:
        slot = next_slot(line, now - back)
        if slot <= now:
            while (later := next_slot(line, slot)) <= now:
                slot = later
            return slot
    return now
