"""Real workers, real beats, a real Redis, and what may befall them."""

import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import text

from app import database, programs
from app.local import REDIS_BIN
from app.processes import Child, start
from app.settings import get_settings, use
from etl.sandbox.world import World
from tests.sync.conftest import SOURCES, Clock, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

# So many cases arrive in the sandbox's year; more make the same test longer.
CASES = int(os.environ.get("TEST_SYNC_CASES", "800"))
KILLS = 20
FROZEN_SECONDS = float(os.environ.get("TEST_FROZEN_SECONDS", "8"))


class Crew:
    """Workers and beats around a Redis of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "redis.sock"
        self.redis: Child | None = None
        self.workers: list[Child] = []
        self.beats: list[Child] = []

    def start_redis(self) -> None:
        """An empty Redis."""
        self.socket.unlink(missing_ok=True)
        command = [REDIS_BIN / "redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", self.folder]  # fmt: skip
        self.redis = start("Redis", command, self.folder / "redis.log")
        while not self.socket.exists():
            time.sleep(0.02)

    def add_worker(self) -> Child:
        worker = start(
            "A worker", programs.worker(), self.folder / f"worker{len(self.workers)}.log"
        )
        self.workers.append(worker)
        return worker

    def add_beat(self) -> None:
        self.beats.append(
            start("A beat", programs.beat(), self.folder / f"beat{len(self.beats)}.log")
        )

    def send(self, name: str, *given: str) -> None:
        """Deliver a message."""
        with Celery(broker=get_settings().queue_url, set_as_current=False) as sender:
            sender.send_task(name, given, queue="caseboard", ignore_result=True)

    def stop(self) -> None:
        for child in [*self.beats, *self.workers]:
            child.process.send_signal(signal.SIGCONT)
            child.process.kill()
            child.process.wait()
        if self.redis:
            self.redis.process.send_signal(signal.SIGCONT)
            self.redis.process.kill()
            self.redis.process.wait()


@pytest.fixture
def crew(tmp_path_factory) -> Iterator[Crew]:
    crew = Crew(tmp_path_factory.mktemp("crew"))
    crew.start_redis()
    yield crew
    crew.stop()


def connected(crew: Crew) -> None:
    use({"CASEBOARD_BROKER_URL": f"unix://{crew.socket}?db=0", "CASEBOARD_LOG_LEVEL": "INFO"})


def wait_for_all(desk, seconds: float) -> None:
    """Until every sync has ended well, none is asked for, and nothing runs."""
    deadline = time.monotonic() + seconds
    while True:
        rows = desk.rows(
            "select s.name, s.asked_at, s.retry_at, (select state from sync_runs r where r.sync = s.name order by id desc limit 1) as state from syncs s where s.due_at <= now() or exists (select from sync_runs r where r.sync = s.name)"
        )
        running = desk.value("select count(*) from sync_runs where state = 'running'")
        if (
            rows
            and not running
            and all(
                r.state == "finished" and r.asked_at is None and r.retry_at is None for r in rows
            )
        ):
            return
        assert time.monotonic() < deadline, (rows, running)
        time.sleep(0.2)


def world_of(clock: Clock, cases: int = CASES) -> World:
    return World(cases=cases, start=clock() - timedelta(days=365), clock=clock, frozen=True)


@pytest.fixture(scope="module")
def undisturbed():
    """The world and what the board is after a fill that nothing disturbs."""
    clock = Clock()
    world = world_of(clock)
    with desk_of(world) as desk:
        desk.fill()
        return world, desk.contents()


def one_run_at_a_time(desk) -> None:
    """No two runs of one source overlapped, and none is left behind."""
    assert desk.value("select count(*) from sync_runs where state = 'running'") == 0
    overlaps = desk.value("""
        select count(*) from sync_runs a join sync_runs b on a.exclusive = b.exclusive and a.id < b.id
        where a.finished_at > b.started_at + interval '1 millisecond'""")
    assert overlaps == 0
    # Locks are told of the whole server, where other tests run beside this one.
    assert (
        desk.value("""
        select count(*) from pg_locks join pg_database on pg_database.oid = database
        where locktype = 'advisory' and datname = current_database()""")
        == 0
    )


def test_a_worker_killed_twenty_times_ends_in_the_same_board(undisturbed, crew):
    world, expected = undisturbed
    dice = random.Random(11)
    with desk_of(world) as desk:
        connected(crew)
        crew.add_beat()
        worker = crew.add_worker()
        deadline = time.monotonic() + 60
        while not desk.value("select count(*) from sync_runs"):
            assert time.monotonic() < deadline, (crew.folder / "worker0.log").read_text()[-2000:]
            time.sleep(0.1)
        in_the_middle = 0
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.1, 1.2))
            in_the_middle += (
                desk.value("select count(*) from sync_runs where state = 'running'") > 0
            )
            os.kill(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
            crew.workers.remove(worker)
            if not desk.value(
                "select count(*) from syncs where asked_at is not null or due_at <= now()"
            ):
                # Everything was done: once more from the beginning.
                with_all_due(desk)
            worker = crew.add_worker()
            for source in ("portal", "jira", "bugzilla"):
                crew.send("caseboard.run", source)
            wait_until_running(desk)
        assert in_the_middle > KILLS / 3
        ends_as(desk, crew, expected)
        duplicates = "select count(*) - count(distinct (entity, key, field, at, seq, value, actor)) from changes"
        assert desk.value(duplicates) == 0


def test_three_beats_two_workers_doubled_messages_and_a_redis_that_fails(undisturbed, crew):
    world, expected = undisturbed
    with desk_of(world) as desk:
        connected(crew)
        for _ in range(3):
            crew.add_beat()
        for _ in range(2):
            crew.add_worker()
        wait_until_running(desk, 60)
        for _ in range(5):
            for source in ("portal", "jira", "bugzilla"):
                crew.send("caseboard.run", source)
            crew.send("caseboard.tick")
        # An empty Redis takes the place of the one that knew the messages.
        crew.redis.process.kill()
        crew.redis.process.wait()
        crew.start_redis()
        time.sleep(2)
        with_all_due(desk)
        crew.redis.process.send_signal(signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        crew.redis.process.send_signal(signal.SIGCONT)
        ends_as(desk, crew, expected)
        # No slot was missed.
        assert {
            r[0] for r in desk.rows("select distinct sync from sync_runs where state = 'finished'")
        } >= set(SOURCES)


def ends_as(desk, crew: Crew, expected) -> None:
    """The board is as expected, and when the crew has gone nothing of it is left."""
    wait_for_all(desk, 240)
    finish(desk)
    assert desk.contents() == expected
    assert desk.disagreements() == []
    crew.stop()
    crew.beats, crew.workers, crew.redis = [], [], None
    time.sleep(0.5)
    one_run_at_a_time(desk)


def with_all_due(desk) -> None:
    with database.transaction() as connection:
        connection.execute(text("update syncs set asked_at = now(), asked_full = true"))


def wait_until_running(desk, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if desk.value("select count(*) from sync_runs where state = 'running'"):
            return
        time.sleep(0.05)


def finish(desk) -> None:
    """What links bugs and issues may have come after those were read; one more look settles it."""
    for name in SOURCES:
        assert desk.run(name).state == "finished"
