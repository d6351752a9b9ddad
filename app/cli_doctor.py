"""`caseboard doctor`: the settings' servers, sources and ways out, and what to mend."""

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import database, queue, revisions
from app.health import redis_state
from app.images.ask import renderer_state
from app.settings import get_settings
from app.syncs import workers_alive

LEAST_FREE = 0.1
MOST_SKEW_SECONDS = 5.0
SLOW_SECONDS = 0.05

# Over a socket it is a server of our own, which nobody else reaches.
MAY_ALL = """
select rolsuper and inet_server_addr() is not null from pg_roles where rolname = current_user
"""

Finding = tuple[str, str, str]


def examine(out: Console) -> bool:
    """Tell how everything is; whether nothing must be mended."""
    well = True
    for what, level, told in findings():
        words = told if level in {"ok", "unset"} else f"{level}: {told}"
        out.print(f"{what}: {words}", markup=False)
        well &= level != "wrong"
    out.print("Everything is well." if well else "Mend what is wrong above.")
    return well


def findings() -> Iterator[Finding]:
    """(what, `ok`, `warning`, `wrong` or `unset`; in words), one after the other."""
    from etl.checkup import findings as outside

    settings = get_settings()
    yield from _database()
    yield from _redis()
    yield _disk()
    [first, *more] = renderer_state()
    yield "images", "ok" if first == "ok" else "warning", "; ".join([first, *more])
    if settings.auth == "saml":
        from app.auth.saml_settings import checked

        yield from (("saml", level, told) for level, told in checked())
    else:
        yield "login", "unset", "nobody signs in, so only this machine is served"
    told = "set" if settings.metrics_token else "CASEBOARD_METRICS_TOKEN is not set: admins only"
    yield "metrics", "ok" if settings.metrics_token else "unset", told
    yield from outside(settings)


def _database() -> Iterator[Finding]:
    try:
        with database.engine().connect() as connection:
            number = connection.exec_driver_sql("show server_version").scalar_one()
            begun = time.perf_counter()
            clock = connection.execute(text("select clock_timestamp()")).scalar_one()
            took = time.perf_counter() - begun
            size = connection.execute(
                text("select pg_size_pretty(pg_database_size(current_database()))")
            ).scalar_one()
            may_all = connection.exec_driver_sql(MAY_ALL).scalar()
        tables = revisions.look()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        told = f"does not answer; check CASEBOARD_DATABASE_URL and the way there ({reason})"
        yield "database", "wrong", told
        return
    yield "database", "ok", f"PostgreSQL {number}, {size}"
    if may_all:
        told = "is a superuser; let Caseboard come in as one that owns its database and no more"
        yield "role in the database", "warning", told
    if took > SLOW_SECONDS:
        told = f"an answer takes {took * 1_000:.0f} ms; put web and workers nearer to the database"
        yield "way to the database", "warning", told
    yield _clock(clock)
    yield "tables", "ok" if tables.right else "wrong", tables.words()
    if not tables.right:
        return
    with database.snapshot() as connection:
        alive, at = workers_alive(connection)
    told = "at work" if alive else f"silent since {at or 'ever'}: start `worker` and `beat`"
    yield "workers", "ok" if alive else "warning", told


def _clock(theirs: datetime) -> Finding:
    ahead = (datetime.now(UTC) - theirs).total_seconds()
    if abs(ahead) <= MOST_SKEW_SECONDS:
        return "clock", "ok", "that of the database"
    way = "ahead of" if ahead > 0 else "behind"
    told = f"{abs(ahead):.0f} s {way} the database's; let both follow one time server"
    return "clock", "warning", told


def _redis() -> Iterator[Finding]:
    state = redis_state()
    level = "ok" if state == "ok" else "warning" if get_settings().redis_url else "unset"
    yield "redis", level, state
    if get_settings().queue_url is None:
        yield "queue", "unset", "CASEBOARD_REDIS_URL is not set: no workers"
        return
    lengths = queue.lengths()
    if not lengths:
        yield "queue", "wrong", "does not answer, so workers are not woken: CASEBOARD_BROKER_URL"
        return
    waiting = ", ".join(f"{number:,} in {name}" for name, number in lengths.items())
    policy = queue.eviction()
    if policy and policy.startswith("allkeys"):
        told = f"this Redis may evict messages (maxmemory-policy {policy}); it should be noeviction"
        yield "queue", "warning", told
    else:
        yield "queue", "ok", f"messages waiting: {waiting}"


def _disk() -> Finding:
    disk = shutil.disk_usage(Path.cwd())
    told = f"{disk.free / 2**30:,.0f} of {disk.total / 2**30:,.0f} GiB free here"
    return "disk", "ok" if disk.free / disk.total > LEAST_FREE else "warning", told
