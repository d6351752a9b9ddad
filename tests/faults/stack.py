"""The whole stack as real processes: web, worker, beat, PostgreSQL, Redis, sources, and links."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import psycopg2
from redis import Redis
from sqlalchemy.exc import SQLAlchemyError

from app import database, programs, queue
from app.local import DATABASE, POSTGRES_BIN, LocalServers
from app.processes import Child, start
from app.settings import use
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World
from tests.conftest import own_settings
from tests.faults.proxy import Proxy
from tests.sync.conftest import Clock, Desk

CASES = 240
PAIRS = 6
# More than this at once, and a load would no longer be one transaction.
QUICK = {"CASEBOARD_SOURCE_TIMEOUT": "3", "CASEBOARD_SOURCE_PATIENCE": "6"}


class Stack:
    """What runs, and what can be done to it. `links` are the proxies by what is behind them."""

    def __init__(self, folder: Path, *, lively: bool = False) -> None:
        """`lively`: things happen at the sources as time goes on, from a week ago."""
        self.folder = folder
        self.local = LocalServers(
            folder / "servers", Path(os.environ.get("TEST_PG_BIN", POSTGRES_BIN))
        )
        # What is committed must outlive the server that is killed.
        self.running = self.local.start()
        self.clock = Clock()
        self.clock.at -= timedelta(days=6 * lively)
        start = self.clock() - timedelta(days=365)
        cases = CASES * (3 if lively else 1)
        self.world = World(cases=cases, start=start, clock=self.clock, frozen=not lively)
        self.sandbox = Sandbox(self.world).__enter__()
        self.links: dict[str, Proxy] = {}
        self.children: dict[str, Child] = {}
        self.held: set[str] = set()
        self._ended = threading.Event()
        self._pairs: list[tuple[str, str]] = []

    def begin(self) -> None:
        """Fill the board, then start everything."""
        use({"CASEBOARD_DATABASE_URL": self.running.database_url})
        use({"CASEBOARD_REDIS_URL": self.running.redis_url, "CASEBOARD_SECRET_KEY": "x" * 40})
        use({**self.sandbox.environment(), **QUICK})
        database.reset()
        database.upgrade()
        # We too shall not wait for a database that says nothing.
        database.watch()
        self.desk = Desk(self.sandbox)
        self.desk.fill()
        self.desk.fill()
        self._pairs = [] if self.world.frozen is False else self._choose()
        self._connect()
        for name, command in (
            ("web", programs.web(f"127.0.0.1:{self.port}")),
            ("worker", programs.worker()),
            ("beat", programs.beat()),
        ):
            self.children[name] = start(
                name, command, self.folder / f"{name}.log", environment=self._environment
            )
        self.children["postgres"], self.children["redis"] = self.local.children
        threading.Thread(target=self._supervise, daemon=True).start()

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        self._ended.set()
        for child in self.children.values():
            for process in family(child):
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGCONT)
        for name in ("beat", "worker", "web"):
            if child := self.children.get(name):
                for process in reversed(family(child)):
                    with contextlib.suppress(psutil.Error):
                        process.kill()
                child.process.wait()
        for link in self.links.values():
            link.close()
        self.sandbox.__exit__(None, None, None)
        database.reset()
        self.local.stop()

    @property
    def address(self) -> str:
        """Where readers find the board."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def direct(self) -> str:
        """PostgreSQL's address for those who stand beside the stack."""
        return self.running.database_url

    @contextlib.contextmanager
    def beside(self) -> Iterator[psycopg2.extensions.cursor]:
        """A connection to PostgreSQL that no link is in the way of."""
        connection = psycopg2.connect(self.direct, connect_timeout=3)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def redis(self) -> Redis:
        """Redis, for those who stand beside the stack."""
        return Redis.from_url(self.running.redis_url, socket_timeout=5)

    def openly(self) -> int:
        """How many cases are open, always."""
        return sum(1 for told in self.world.truth() if told["matches"] and told["closed"] is None)

    def swap(self) -> None:
        """Close some cases and open as many again, all at once."""
        with self.world.lock:
            self.clock.pass_(seconds=1)
            for one, other in self._pairs:
                self.world.close_case(one)
                self.world.reopen_case(other)
            self._pairs = [(other, one) for one, other in self._pairs]

    def is_seen(self) -> bool:
        """Whether the board has all cases as they are at the portal."""
        try:
            return not self.desk.disagreements("cases")
        except SQLAlchemyError:
            return False

    def ask(self) -> None:
        """Press Refresh for the cases, as people do."""
        with contextlib.suppress(SQLAlchemyError):
            queue.ask("cases")

    def alone(self, name: str) -> Child:
        """A child that nobody starts again, until `mind` is called."""
        self.held.add(name)
        return self.children[name]

    def mind(self, name: str) -> None:
        """Start it again whenever it ends, as compose and Kubernetes do."""
        self.held.discard(name)

    def _choose(self) -> list[tuple[str, str]]:
        """Pairs of an open and a closed case of the same severity."""
        told = [one for one in self.world.truth() if one["matches"] and one["severity"]]
        closed = {one["number"]: one["severity"] for one in told if one["closed"]}
        pairs = []
        for one in told:
            if one["closed"] is not None or len(pairs) == PAIRS:
                continue
            other = next((n for n, severity in closed.items() if severity == one["severity"]), None)
            if other is not None:
                del closed[other]
                pairs.append((one["number"], other))
        assert len(pairs) >= 3
        return pairs

    def _connect(self) -> None:
        sockets = self.local.sockets
        self.links["PostgreSQL"] = Proxy(str(sockets / ".s.PGSQL.5432"))
        self.links["Redis"] = Proxy(str(sockets / "redis.sock"))
        told = dict(self.sandbox.environment())
        for name in ("portal", "jira", "bugzilla"):
            parts = urlsplit(self.sandbox.url(name))
            link = self.links[name] = Proxy((str(parts.hostname), int(parts.port or 0)))
            for setting, value in told.items():
                told[setting] = value.replace(parts.netloc, f"127.0.0.1:{link.port}")
        self.port = free_port()
        self._environment = {
            **told,
            **QUICK,
            "CASEBOARD_DATABASE_URL": "postgresql://postgres@127.0.0.1:"
            f"{self.links['PostgreSQL'].port}/{quote(DATABASE)}",
            "CASEBOARD_REDIS_URL": f"redis://127.0.0.1:{self.links['Redis'].port}/0",
        }

    def _supervise(self) -> None:
        while not self._ended.wait(0.3):
            for name, child in self.children.items():
                if name not in self.held and not child.alive():
                    with contextlib.suppress(OSError):
                        if name == "postgres":
                            (self.local.database / "postmaster.pid").unlink(missing_ok=True)
                        if name == "redis":
                            (self.local.sockets / "redis.sock").unlink(missing_ok=True)
                        child.restart()


def family(child: Child) -> list[psutil.Process]:
    """A process and all its children, the eldest first; none when it has ended."""
    try:
        parent = psutil.Process(child.process.pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def free_port() -> int:
    """A port that nobody listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def whole_stack(folder: Path, *, lively: bool = False) -> Iterator[Stack]:
    """A stack that runs, until the end of the block."""
    with own_settings():
        stack = Stack(folder, lively=lively)
        try:
            stack.begin()
            wait(lambda: _answers(stack.address), 40, "the web server does not answer")
            yield stack
        finally:
            stack.stop()


def wait(ready: Callable[[], bool], seconds: float, words: str) -> float:
    """Wait until something is so; how long it took. AssertionError when it does not come."""
    began = time.monotonic()
    while True:
        with contextlib.suppress(psycopg2.Error, OSError):
            if ready():
                return time.monotonic() - began
        assert time.monotonic() - began < seconds, words
        time.sleep(0.1)


def _answers(address: str) -> bool:
    import requests

    answer = requests.get(f"{address}/api/v1/stats", timeout=20)
    return answer.status_code == 200 and "Age" not in answer.headers
