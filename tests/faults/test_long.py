"""Days of work in minutes: nothing grows but the data."""

import contextlib
import time
from dataclasses import dataclass

import psutil
import pytest
import requests

from app import queue
from tests.faults import report
from tests.faults.conftest import WHOLE
from tests.faults.stack import Stack, family, wait, whole_stack
from tests.sync.conftest import SOURCES

pytestmark = [
    pytest.mark.database,
    pytest.mark.faults,
    pytest.mark.long,
    pytest.mark.skipif(not WHOLE, reason="it takes minutes; make faults does it"),
]

ROUNDS, MINUTES = 40, 180
READ = ("/", "/api/v1/stats", "/api/v1/cases?limit=200", "/api/v1/charts/backlog.json",
        "/api/v1/quality", "/api/v1/cases.csv?state=open")  # fmt: skip
MIB = 1 << 20
BLOAT = """
select coalesce(max(n_dead_tup::float / greatest(n_live_tup, 1000)), 0) from pg_stat_user_tables
"""
PEOPLE = "select count(*) from pg_stat_activity where backend_type = 'client backend'"


# What Celery keeps of its queues, and has a handful of.
QUEUES = ("_kombu.binding.", "unacked", "caseboard")
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Held:
    """What the stack holds: memory in MiB, open files, connections, keys, dead per live row."""

    web: float
    worker: float
    files: int
    connections: int
    keys: int
    bloat: float


def held(stack: Stack) -> Held:
    with stack.beside() as cursor:
        cursor.execute(PEOPLE)
        [connections] = cursor.fetchone()
        cursor.execute(BLOAT)
        [bloat] = cursor.fetchone()
    return Held(
        web=_memory(stack, "web"),
        worker=_memory(stack, "worker"),
        files=sum(_files(process) for name in ("web", "worker", "beat")
                  for process in family(stack.children[name])),
        connections=connections,
        keys=stack.redis().dbsize(),
        bloat=float(bloat),
    )  # fmt: skip


def _memory(stack: Stack, name: str) -> float:
    total = 0
    for process in family(stack.children[name]):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total / MIB


def _files(process: psutil.Process) -> int:
    try:
        return process.num_fds()
    except psutil.Error:
        return 0


def endless(stack: Stack) -> list[str]:
    """Keys in Redis that pile up: nothing ever ends them, or not within a day."""
    client = stack.redis()
    left = {key.decode(): client.ttl(key) for key in client.scan_iter(count=1_000)}
    return [
        f"{key}: {seconds}"
        for key, seconds in left.items()
        if not 0 <= seconds <= DAY_SECONDS
        and not (key.startswith(QUEUES) and not key.startswith("caseboard:"))
    ]


def a_while(stack: Stack, session: requests.Session) -> None:
    """Some time passes at the sources, every sync runs, and people read."""
    stack.clock.pass_(minutes=MINUTES)
    stack.world.advance()
    queue.ask_all()
    for path in READ:
        assert session.get(f"{stack.address}{path}", timeout=20).status_code == 200
    wait(lambda: _all_done(stack), 60, "syncs do not end")


def _all_done(stack: Stack) -> bool:
    # What a sync wakes is found by the next tick; time passes faster here.
    queue._wake()
    time.sleep(0.3)
    with stack.beside() as cursor:
        cursor.execute(
            "select count(*) from syncs where name = any(%s) and asked_at is not null",
            (list(SOURCES),),
        )
        return cursor.fetchone() == (0,)


def test_days_of_work(tmp_path_factory, book: report.Book) -> None:
    with whole_stack(tmp_path_factory.mktemp("long"), lively=True) as stack:
        session = requests.Session()
        session.trust_env = False
        seen = []
        began = time.monotonic()
        for turn in range(ROUNDS):
            a_while(stack, session)
            if turn % 4 == 3:
                seen.append(held(stack))
                print(turn, seen[-1])
        took = time.monotonic() - began
        early, late = seen[len(seen) // 2 - 1], seen[-1]
        # So many more are there after each round, and none that does not end by itself.
        assert endless(stack) == []
        stack.desk.fill()
        assert stack.desk.disagreements("cases") == []
    hours = ROUNDS * MINUTES // 60
    book.beside["Endurance"] = (
        f"{hours} hours at the sources in {took:.0f} seconds, {ROUNDS * len(SOURCES)} runs of "
        f"syncs. From half-way to the end: web {early.web:.0f} to {late.web:.0f} MiB, worker "
        f"{early.worker:.0f} to {late.worker:.0f} MiB, open files {early.files} to {late.files}, "
        f"connections {early.connections} to {late.connections}, keys in Redis {early.keys} to "
        f"{late.keys}, each of which ends by itself within a day, dead rows at most "
        f"{100 * late.bloat:.0f} for 100 live ones (a table has 1,000 at least in this)."
    )
    assert late.web < early.web * 1.1 + 10
    assert late.worker < early.worker * 1.15 + 20
    assert late.files < early.files + 20
    assert late.connections <= early.connections + 6
    # What is remembered ends within the hour, what was shown within the day; both have their bounds.
    # The hours pass in seconds here, so that nothing of it has ended yet.
    assert late.keys < early.keys + 2_000
    assert late.bloat < early.bloat + 2.0
