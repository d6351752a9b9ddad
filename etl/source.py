"""What a sync is: a name, a source, a schedule, and the work of one run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.settings import Settings, variable
from etl.run import Run


@dataclass(frozen=True, slots=True)
class Sync:
    """One scheduled sync.

    `schedule` and `full` are cron lines (UTC): when it runs, and when it enumerates everything.
    `needs` are the settings without which it cannot run; it is left out while any is unset. `ways`
    are groups of settings, one of which must be given whole. `wakes` are the syncs that run next
    when it learned something. `fresh` is how old its data may get before people are told that it is
    late. `scheduled_by` is the setting that says when it runs, instead of `schedule`; one that is
    not `eager` waits for its first slot instead of running as soon as it is configured.
    One that `writes` to sources is left out while CASEBOARD_READ_ONLY is true.
    """

    name: str
    source: str
    told: str
    work: Callable[[Run], None]
    schedule: str
    full: str | None
    fresh: timedelta
    needs: tuple[str, ...] = ()
    wakes: tuple[str, ...] = ()
    ways: tuple[tuple[str, ...], ...] = ()
    scheduled_by: str | None = None
    eager: bool = True
    writes: bool = False

    def cron(self, settings: Settings) -> str:
        """The cron line (UTC) that says when it runs."""
        return str(getattr(settings, self.scheduled_by)) if self.scheduled_by else self.schedule

    def is_configured(self, settings: Settings) -> bool:
        """Whether all the settings that it needs are given."""
        return not self.lacks(settings)

    def lacks(self, settings: Settings) -> list[str]:
        """The variables of the settings that it needs and that are not given."""
        lacking = [variable(name) for name in self.needs if not getattr(settings, name)]
        if self.writes and settings.read_only:
            lacking.append(f"{variable('read_only')}=false")
        missing = [[n for n in way if not getattr(settings, n)] for way in self.ways]
        if missing and all(missing):
            lacking.append(" or ".join(" and ".join(map(variable, way)) for way in missing))
        return lacking
