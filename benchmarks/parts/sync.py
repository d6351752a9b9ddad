"""A full sync of a thousand cases by a real worker, from sources that answer after 50 ms."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from celery import Celery
from sqlalchemy import text

from app import database, programs
from app.processes import start
from app.settings import get_settings, use
from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.world import empty, own_settings
from etl import schedule
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World

PART = "Sync"
CASES, LATENCY = 1_000, 0.05
OLD_SECONDS, OLD_REQUESTS = 138.0, 2_076
NAMES = ("cases", "details", "cards", "escalations", "issues", "bugs")
SYNCS, QUICK_SYNCS = 100, 15
# The first ones fill what a process keeps.
FIRST, FLAT = 6, 1.05
LONGEST = 240.0
DONE = """
select count(*) from syncs s where name = any(:names) and asked_at is null and exists (
    select from sync_runs r where r.sync = s.name and r.state <> 'running' and r.id > :after)
    and not exists (select from sync_runs r where r.sync = s.name and r.state = 'running')
"""
FAULTS = """
select sync, state, error from sync_runs where id > :after and state <> 'finished'
    and sync = any(:names)
"""
RUNS = """
select sync, extract(epoch from finished_at - started_at)::float, requests from sync_runs
where finished_at is not null and sync = any(array['cases', 'details', 'cards', 'escalations',
    'issues', 'bugs']) order by id
"""
# Comments are told nowhere else, and no case can be known to have none: a search tells neither their
# number nor whether there are any, and `cases/filter` is as silent.
ONE_BY_ONE = (
    "the portal tells comments, links and relief of a case only in its own answer, and no search "
    "tells which cases have any, so that the first full sync asks once for each; later ones do not "
    "ask for those at rest"
)
CHANGED = CASES // 100
LAST = "select coalesce(max(id), 0) from sync_runs"


def measure(stack: Stack) -> Iterator[Figure]:
    """Time and requests of the first sync of all; then a worker's memory over many more."""
    world = World(cases=CASES, frozen=True)
    with own_settings(), empty(stack.servers, "bench_sync"), Sandbox(world) as sandbox:
        use({**sandbox.environment(), "CASEBOARD_REDIS_URL": stack.servers.redis_url})
        sandbox.latency = LATENCY
        with _worker(stack.folder) as worker:
            yield from _measured(sandbox, "full sync of {} cases, the first", full=True)
            for name, seconds, sent in _runs():
                yield Figure.told(PART, f"of these {name}: {sent:,} requests", seconds, "s")
            yield from _measured(sandbox, "full sync of {} cases, nothing changed", full=True)
            _change(world, CHANGED)
            yield from _measured(sandbox, "full sync of {} cases, 1 % changed", full=True)
            _change(world, CHANGED)
            yield from _measured(sandbox, "sync of what changed of {} cases, 1 %", full=False)
            sandbox.latency = 0.0
            yield _memory(worker, QUICK_SYNCS if stack.quick else SYNCS)


def _measured(sandbox: Sandbox, what: str, *, full: bool) -> list[Figure]:
    """Time and requests of one sync of everything, beside the old system, which asks all always."""
    before = sandbox.requests.copy()
    took = _sync(NAMES, full=full)
    sent = sandbox.requests - before
    with database.engine().connect() as connection:
        cases = connection.execute(text("select count(*) from cases")).scalar_one()
    share, what = cases / CASES, what.format(f"{cases:,}")
    by_source = ", ".join(f"{name} {number:,}" for name, number in sorted(sent.items()))
    # The first one of all is the only one that cannot keep the budget.
    reason = ONE_BY_ONE if sent.total() > cases else ""
    return [
        Figure.faster(PART, f"{what}, at {LATENCY * 1e3:.0f} ms a request", OLD_SECONDS * share,
                      took, 10, "the old system", unit="s"),
        Figure.faster(PART, f"{what}: requests ({by_source})", OLD_REQUESTS * share, sent.total(),
                      5, "the old system", unit="requests", reason=reason),
    ]  # fmt: skip


def _change(world: World, number: int) -> None:
    """Let so many open cases be written into and have other owners."""
    cases = [case for case in world.truth() if case["closed"] is None and case["matches"]]
    for case in cases[:number]:
        world.change_case(case["number"], owner=f"Owner {world.now()}")
        world.add_comment(case["number"], f"Written at {world.now()}")


def _runs() -> list[tuple[str, float, int]]:
    """Name, seconds and requests of each run so far."""
    with database.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(text(RUNS))]


def _memory(worker: psutil.Process, syncs: int) -> Figure:
    done, before = 0, 0.0
    while done < syncs:
        _sync(NAMES[:3], full=True)
        done += 3
        if not before and done >= FIRST:
            before = _held(worker)
    return Figure.within(
        PART, f"memory of the worker after {done} syncs", _held(worker), FLAT * before, raw=before,
        unit="MB", rule=f"{FLAT:g} × after {FIRST}",
    )  # fmt: skip


def _held(worker: psutil.Process) -> float:
    processes = [worker, *worker.children(recursive=True)]
    return sum(one.memory_info().rss for one in processes) / 1e6


@contextmanager
def _worker(folder: Path) -> Iterator[psutil.Process]:
    """A worker as `caseboard up` starts it."""
    with database.transaction() as connection:
        schedule.register(connection)
        # All are due as soon as somebody asks, and not before.
        connection.execute(text("update syncs set due_at = now() + interval '1 day', "
                                "full_due_at = null"))  # fmt: skip
    child = start("The worker", programs.worker(), folder / "worker.log")
    try:
        time.sleep(5)
        yield psutil.Process(child.process.pid)
    finally:
        child.stop()


def _sync(names: tuple[str, ...], *, full: bool) -> float:
    """Let syncs run, and the seconds until all have: asked of the workers, as beat does."""
    with database.transaction() as connection:
        after = connection.execute(text(LAST)).scalar_one()
    for name in names:
        schedule.ask(name, full=full)
    begun, given = time.monotonic(), {"names": list(names), "after": after}
    with Celery(broker=get_settings().queue_url, set_as_current=False) as sender:
        while True:
            sender.send_task("caseboard.tick", queue="caseboard", ignore_result=True)
            time.sleep(0.25)
            if _asked(DONE, given).scalar_one() == len(names):
                break
            if time.monotonic() - begun > LONGEST:
                raise RuntimeError(f"The syncs did not end: {_asked(FAULTS, given).all()}")
    took = time.monotonic() - begun
    faults = _asked(FAULTS, given).all()
    if faults:
        raise RuntimeError(f"A sync failed: {faults}")
    return took


def _asked(statement: str, given: dict[str, Any]) -> Any:
    with database.engine().connect() as connection:
        return connection.execute(text(statement), given)
