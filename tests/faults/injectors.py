"""What may befall a stack. Each is a block: the fault lasts as long as the block does."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg2

from app import database
from app.migrations import __file__ as migrations_file
from tests.faults.stack import Stack, family, wait

dice = random.Random(11)


@dataclass(frozen=True)
class Fault:
    """`hold` seconds pass inside the block; `times` is how often it is done there.

    `short`: it belongs to the part that every run of the suite does.
    """

    name: str
    block: Callable[[Stack], contextlib.AbstractContextManager[str | None]]
    hold: float = 3.0
    short: bool = False
    times: int = 1


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.kill()


def _kill_family(stack: Stack, name: str) -> None:
    for process in reversed(family(stack.children[name])):
        _kill(process)


@contextlib.contextmanager
def web_worker(stack: Stack) -> Iterator[None]:
    for _ in range(3):
        _kill(dice.choice(family(stack.children["web"])[1:]))
        time.sleep(0.6)
    yield


@contextlib.contextmanager
def celery_in_fetch(stack: Stack) -> Iterator[None]:
    """Killed while it waits for the portal."""
    stack.sandbox.latency = 0.5
    stack.swap()
    stack.ask()
    with contextlib.suppress(AssertionError):
        wait(lambda: _running(stack), 10, "nothing runs")
    _kill_family(stack, "worker")
    stack.sandbox.latency = 0.0
    yield


@contextlib.contextmanager
def celery_in_load(stack: Stack) -> Iterator[None]:
    """Killed while its load waits to write: somebody holds the lock that it needs."""
    with _own(stack) as cursor:
        cursor.execute("lock table changes in share mode")
        stack.swap()
        stack.ask()
        with contextlib.suppress(AssertionError):
            wait(lambda: _waiting(stack), 10, "no load waits")
        _kill_family(stack, "worker")
    yield


@contextlib.contextmanager
def beat(stack: Stack) -> Iterator[None]:
    _kill_family(stack, "beat")
    yield


@contextlib.contextmanager
def backend(stack: Stack) -> Iterator[None]:
    """PostgreSQL restarts itself when one of its backends was killed."""
    with stack.beside() as cursor:
        cursor.execute(
            "select pid from pg_stat_activity where backend_type = 'client backend' "
            "and pid <> pg_backend_pid()"
        )
        pids = [row[0] for row in cursor.fetchall()]
    if pids:
        os.kill(dice.choice(pids), signal.SIGKILL)
    yield


@contextlib.contextmanager
def postmaster(stack: Stack) -> Iterator[None]:
    """Killed with all its backends; started again by whoever minds it."""
    child = stack.alone("postgres")
    _kill_family(stack, "postgres")
    child.process.wait()
    yield
    stack.mind("postgres")


@contextlib.contextmanager
def restart(stack: Stack) -> Iterator[None]:
    """A fast restart, as for an upgrade of the server."""
    child = stack.alone("postgres")
    child.process.send_signal(signal.SIGINT)
    child.process.wait(20)
    stack.mind("postgres")
    yield


@contextlib.contextmanager
def frozen_database(stack: Stack) -> Iterator[None]:
    with _frozen(stack, "postgres"):
        yield


@contextlib.contextmanager
def cut_connections(stack: Stack) -> Iterator[None]:
    for _ in range(5):
        with stack.beside() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
        time.sleep(0.3)
    yield


@contextlib.contextmanager
def lock_held(stack: Stack) -> Iterator[None]:
    """Somebody holds the tables that readers read; statements wait and end by their time-out."""
    with _own(stack) as cursor:
        cursor.execute("lock table case_versions, open_steps, cases in access exclusive mode")
        yield


@contextlib.contextmanager
def disk_full(stack: Stack) -> Iterator[str | None]:
    """The disk under PostgreSQL is full."""
    place = stack.local.data_dir
    if not os.path.ismount(place):
        yield "PostgreSQL does not lie on a disk of its own here"
        return
    filler = place / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * (1 << 16))
    try:
        with stack.beside() as cursor, contextlib.suppress(psycopg2.errors.DiskFull):
            cursor.execute("create table filling as select generate_series(1, 1000000)")
            raise AssertionError("The disk is not full.")
        yield None
    finally:
        filler.unlink()


@contextlib.contextmanager
def redis_killed(stack: Stack) -> Iterator[None]:
    child = stack.alone("redis")
    child.process.kill()
    child.process.wait()
    yield
    stack.mind("redis")


@contextlib.contextmanager
def redis_emptied(stack: Stack) -> Iterator[None]:
    for _ in range(5):
        stack.redis().flushall()
        time.sleep(0.2)
    yield


@contextlib.contextmanager
def redis_full(stack: Stack) -> Iterator[None]:
    client = stack.redis()
    client.config_set("maxmemory", "1")
    client.config_set("maxmemory-policy", "noeviction")
    try:
        yield
    finally:
        client.config_set("maxmemory", "0")


@contextlib.contextmanager
def redis_read_only(stack: Stack) -> Iterator[None]:
    client = stack.redis()
    client.config_set("min-replicas-to-write", "1")
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", "0")


@contextlib.contextmanager
def redis_in_pulses(stack: Stack) -> Iterator[None]:
    """It stops for some tenths of a second, again and again."""
    for _ in range(6):
        with _frozen(stack, "redis"):
            time.sleep(0.4)
        time.sleep(0.2)
    yield


@contextlib.contextmanager
def redis_frozen(stack: Stack) -> Iterator[None]:
    with _frozen(stack, "redis"):
        yield


@contextlib.contextmanager
def clock_ahead(stack: Stack) -> Iterator[None]:
    with _skewed(stack, timedelta(hours=2)):
        yield


@contextlib.contextmanager
def clock_behind(stack: Stack) -> Iterator[None]:
    with _skewed(stack, -timedelta(hours=2)):
        yield


@contextlib.contextmanager
def migrated(stack: Stack) -> Iterator[None]:
    """The tables go back a revision and forward again beside the web processes."""
    head = database.head_revision()
    [newest] = [
        path
        for path in Path(migrations_file).parent.joinpath("versions").glob("*.py")
        if path.name.startswith(str(head))
    ]
    words = newest.read_text().split("down_revision = ", 1)[1]
    before = words.split("\n", 1)[0].strip('"')
    database.downgrade(before)
    time.sleep(1)
    database.upgrade()
    yield


def link(name: str, what: str) -> Callable[[Stack], contextlib.AbstractContextManager[None]]:
    """A fault of a link: slow, drip, silent or reset."""

    @contextlib.contextmanager
    def block(stack: Stack) -> Iterator[None]:
        names = ("portal", "jira", "bugzilla") if name == "sources" else (name,)
        links = [stack.links[one] for one in names]
        for one in links:
            match what:
                case "slow":
                    one.delay = 0.1
                case "drip":
                    one.rate = 20_000
                case "silent":
                    one.silent = True
        try:
            if what == "reset":
                for _ in range(10):
                    for one in links:
                        one.reset()
                    time.sleep(0.3)
            yield
        finally:
            for one in links:
                one.calm()

    return block


@contextlib.contextmanager
def _frozen(stack: Stack, name: str) -> Iterator[None]:
    stopped = family(stack.children[name])
    for process in stopped:
        with contextlib.suppress(psutil.Error):
            process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.Error):
                process.resume()


@contextlib.contextmanager
def _skewed(stack: Stack, span: timedelta) -> Iterator[None]:
    """The clocks of the sources jump, and back again at the end."""
    stack.world.skew = span
    stack.ask()
    try:
        yield
    finally:
        stack.world.skew = timedelta(0)
        if span > timedelta(0):
            # What was changed meanwhile is dated ahead: until then that would be its last update.
            stack.clock.pass_(seconds=span.total_seconds() + 60)


@contextlib.contextmanager
def _own(stack: Stack) -> Iterator[psycopg2.extensions.cursor]:
    """A transaction of somebody else, which ends with the block."""
    connection = psycopg2.connect(stack.direct)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _running(stack: Stack) -> bool:
    with stack.beside() as cursor:
        cursor.execute("select count(*) from sync_runs where state = 'running'")
        row = cursor.fetchone()
        return bool(row and row[0])


def _waiting(stack: Stack) -> bool:
    with stack.beside() as cursor:
        cursor.execute("select count(*) from pg_locks where not granted")
        row = cursor.fetchone()
        return bool(row and row[0])


def tmpfs(place: Path, megabytes: int) -> bool:
    """Put a small disk at a place; False where we may not."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(place)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def untmpfs(place: Path) -> None:
    """Take it away again."""
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


FAULTS = (
    Fault("web process killed (-9)", web_worker, 1, short=True, times=3),
    Fault("sync worker killed (-9) while it waits for the portal", celery_in_fetch, 1),
    Fault("sync worker killed (-9) in the middle of a load", celery_in_load, 1, short=True),
    Fault("beat killed (-9)", beat, 1),
    Fault("a backend of PostgreSQL killed (-9)", backend, 2),
    Fault("PostgreSQL killed (-9)", postmaster, 3, short=True),
    Fault("PostgreSQL restarted", restart, 1),
    Fault("PostgreSQL frozen", frozen_database, 10),
    Fault("all connections to PostgreSQL cut", cut_connections, 1, times=5),
    Fault("tables locked by somebody else", lock_held, 4),
    Fault("tables locked until statements time out", lock_held, 13),
    Fault("disk under PostgreSQL full", disk_full, 4),
    Fault("Redis killed (-9), an empty one in its place", redis_killed, 3, short=True),
    Fault("Redis emptied", redis_emptied, 1, times=5),
    Fault("Redis full (noeviction)", redis_full, 3),
    Fault("Redis read-only (no replica to write to)", redis_read_only, 3),
    Fault("Redis slow (stops of 0.4 s)", redis_in_pulses, 1, times=6),
    Fault("Redis frozen", redis_frozen, 5),
    *(
        Fault(
            f"{words} between Caseboard and {name}",
            link(name, what),
            4,
            times=10 if what == "reset" else 1,
        )
        for name in ("PostgreSQL", "Redis", "sources")
        for what, words in (
            ("slow", "100 ms more for each packet"),
            ("reset", "connections reset"),
            ("silent", "half-open connections"),
            ("drip", "20 kB a second"),
        )
    ),
    Fault("clocks of the sources two hours ahead", clock_ahead, 3),
    Fault("clocks of the sources two hours behind", clock_behind, 3),
    Fault("tables migrated beside running web processes", migrated, 1),
)
