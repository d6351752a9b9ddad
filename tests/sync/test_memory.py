"""What a web server and a worker hold in memory does not grow with what they have done."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from celery import Celery

from app import programs
from app.processes import Child, start, wait_until
from app.settings import get_settings
from benchmarks.asks import Ask, get
from benchmarks.stack import answers, free_port
from benchmarks.visitor import Visitor, Window
from etl import schedule
from etl.sandbox.world import World
from tests.sync.conftest import Clock, Desk, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

WARM_REQUESTS, REQUESTS = 250, 300
WARM_SYNCS, SYNCS = 6, 20
# What a process may hold more, in MB. 100 KB kept by each request, or 1 MB by each sync, are more;
# what settles in a few thousand requests is less.
MOST_OF_WEB, MOST_OF_WORKER = 12.0, 8.0
PAGES = ("/", "/cases", "/trends", "/flow", "/accounts", "/sync")
READ = ("/api/v1/stats", "/api/v1/charts/backlog.json", "/api/v1/charts/by_age.csv", "/readyz")


@pytest.fixture
def desk() -> Iterator[Desk]:
    clock = Clock()
    world = World(cases=120, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world) as desk:
        desk.clock = clock
        desk.fill()
        yield desk


@contextmanager
def running(name: str, command: list[str], folder: Path) -> Iterator[Child]:
    child = start(name, command, folder / f"{name}.log")
    try:
        yield child
    finally:
        child.stop()


def held(child: Child) -> list[float]:
    """The MB that each of the processes that do its work has for itself."""
    processes = psutil.Process(child.process.pid).children(recursive=True)
    return [one.memory_full_info().uss / 1e6 for one in sorted(processes, key=lambda one: one.pid)]


def read(port: int, asks: list[Ask], number: int, chance: random.Random) -> None:
    """So many requests, over ever new connections, so that each process has its part."""
    for begun in range(0, number, 10):
        with Visitor(port) as visitor:
            for _ in range(min(10, number - begun)):
                visitor.send(chance.choice(asks))


def sync(desk: Desk, number: int) -> None:
    """So many syncs by the worker, each with something to load."""
    known = [case["number"] for case in desk.world.truth() if case["matches"]]
    with Celery(broker=get_settings().queue_url, set_as_current=False) as sender:
        for place in range(number):
            name = ("cases", "details")[place % 2]
            desk.clock.pass_(minutes=1)
            desk.world.change_case(known[place], owner=f"Owner {place}")
            desk.world.add_comment(known[place], "What has been seen " * 100)
            before = desk.value("select coalesce(max(id), 0) from sync_runs")
            schedule.ask(name, full=name == "cases")
            sender.send_task("caseboard.tick", queue="caseboard", ignore_result=True)
            wait_for(desk, name, before)


def wait_for(desk: Desk, name: str, before: int) -> None:
    deadline = time.monotonic() + 20
    done = "select count(*) from sync_runs where sync = :name and id > :before and state = :state"
    while not desk.value(done, name=name, before=before, state="finished"):
        assert time.monotonic() < deadline, desk.rows("select * from sync_runs order by id")[-3:]
        time.sleep(0.02)


def at_work(desk: Desk, port: int, asks: list[Ask], requests: int, syncs: int) -> None:
    """Readers and syncs at the same time."""
    faults: list[BaseException] = []

    def reader() -> None:
        try:
            read(port, asks, requests, random.Random(requests))
        except BaseException as fault:  # noqa: BLE001 - told by the thread that waits
            faults.append(fault)

    thread = threading.Thread(target=reader)
    thread.start()
    sync(desk, syncs)
    thread.join()
    assert not faults


def test_memory_stays_flat_over_requests_and_syncs(desk, tmp_path):
    port = free_port()
    # One child, so that all syncs are done by the process that is looked at.
    worker_command = [*programs.worker(), "--concurrency", "1"]
    with (
        running("web", programs.web(f"127.0.0.1:{port}"), tmp_path) as web,
        running("worker", worker_command, tmp_path) as worker,
    ):
        wait_until(web, lambda: answers(port), 30)
        window = Window(port)
        asks = [ask for page in PAGES for ask in window.asks(page)] + [get(path) for path in READ]
        window.close()
        at_work(desk, port, asks, WARM_REQUESTS, WARM_SYNCS)
        before = [held(web), held(worker)]
        at_work(desk, port, asks, REQUESTS, SYNCS)
        after = [held(web), held(worker)]
    # Two that answer and one that syncs, the same as before.
    assert [len(some) for some in before] == [len(some) for some in after] == [2, 1]
    web_grown, worker_grown = (
        (sum(now) - sum(then)) / len(then) for now, then in zip(after, before, strict=True)
    )
    assert web_grown < MOST_OF_WEB, (before, after)
    assert worker_grown < MOST_OF_WORKER, (before, after)
