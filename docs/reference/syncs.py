"""The syncs and their schedule, from `etl/syncs/`."""

from datetime import timedelta

from app.settings import Settings, variable
from docs.reference.markdown import code, page, prose, table
from etl.source import Sync
from etl.syncs import SYNCS

SOURCE = "etl/syncs/__init__.py"
ABOUT = """\
`caseboard sync NAME` runs one here and now; `/sync` and `caseboard status` tell how each stands.
Schedules are cron lines in UTC: minute, hour, day of the month, month, day of the week. A sync is
left out while a setting that it needs is not set. What is read of each source:
[Sources](../sources.md)."""


def render() -> str:
    """The whole page."""
    heads = ("sync", "source", "does", "runs at", "everything at", "late after", "needs")
    return page("Syncs", SOURCE, ABOUT, table(heads, map(_row, SYNCS)))


def _row(sync: Sync) -> tuple[str, ...]:
    whole = sync.full if sync.full and sync.full != sync.schedule else ""
    ways = [" and ".join(code(variable(name)) for name in way) for way in sync.ways]
    given = [code(variable(name)) for name in sync.needs]
    given += [", or ".join(ways)] if ways else []
    given += [code(f"{variable('read_only')}=false")] if sync.writes else []
    needs = ", ".join(given)
    return (
        code(sync.name),
        sync.source,
        prose(sync.told),
        code(sync.cron(Settings())),
        code(whole) or ("each time" if sync.full else ""),
        _length(sync.fresh),
        needs,
    )


def _length(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    if hours < 1:
        return f"{span // timedelta(minutes=1)} min"
    return f"{hours:g} h" if hours < 72 else f"{hours / 24:g} days"
