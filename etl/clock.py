"""When beat ticks: by a clock that may be set back."""

from datetime import datetime

from celery.schedules import schedstate, schedule


class Tick(schedule):
    """Every so many seconds, also after the clock was set back."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Whether to tick now, and when to look again (seconds)."""
        due, wait = super().is_due(last_run_at)
        # Celery's own rule would wait until the clock has caught up with the last tick.
        seconds = self.run_every.total_seconds()
        return schedstate(True, seconds) if wait > seconds + 1 else schedstate(due, wait)
