"""The servers that are measured: PostgreSQL, Redis, and the web server as `caseboard up` starts it."""

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from redis import Redis

from app import database, programs
from app.lock import Servers
from app.processes import Child, start, wait_until
from app.settings import use
from benchmarks.alone import Witness
from benchmarks.asks import CALLBACK, Ask, get
from benchmarks.visitor import Failed, Visitor, Window
from benchmarks.world import address, own_settings

FOLDER = "BENCH_FOLDER"
READY_SECONDS = 60.0


@dataclass(slots=True)
class Stack:
    """A world of so many cases, and the board that shows it."""

    cases: int
    quick: bool
    port: int
    web: Child
    visitor: Visitor
    window: Window
    witness: Witness
    servers: Servers
    folder: Path
    redis: Redis

    def cold(self) -> None:
        """Let Redis forget every answer; PostgreSQL keeps its pages in memory."""
        self.redis.flushdb()

    def constant(self, ask: Ask) -> Ask:
        """A callback that returns what another request answers now, as a constant."""
        told = self.visitor.send(ask)
        name = hashlib.sha256(ask.path.encode() + (ask.body or b"")).hexdigest()[:24]
        (self.folder / name).write_bytes(told)
        body = {
            "output": "floor.data",
            "outputs": {"id": "floor", "property": "data"},
            "inputs": [{"id": "floor-asked", "property": "data", "value": name}],
            "changedPropIds": ["floor-asked.data"],
        }
        floor = Ask(CALLBACK, json.dumps(body).encode())
        # Both web processes read it once before it is measured.
        for _ in range(4):
            with Visitor(self.port) as visitor:
                visitor.send(floor)
        return floor

    def web_processes(self) -> list[psutil.Process]:
        """The processes of gunicorn that answer."""
        return psutil.Process(self.web.process.pid).children(recursive=True)

    def web_memory(self) -> float:
        """What these hold in memory altogether, in MB."""
        return sum(one.memory_info().rss for one in self.web_processes()) / 1e6


@contextmanager
def board(servers: Servers, name: str, cases: int, folder: Path, *, quick: bool) -> Iterator[Stack]:
    """The board on a database of the servers, as long as the block lasts."""
    port = free_port()
    with own_settings():
        # Without Redis for this process, so that whatever it asks is computed.
        use({**servers.environment(), "CASEBOARD_DATABASE_URL": address(servers, name),
             "CASEBOARD_REDIS_URL": "", "CASEBOARD_BASE_URL": f"http://127.0.0.1:{port}",
             "CASEBOARD_LOG_LEVEL": "WARNING", FOLDER: str(folder)})  # fmt: skip
        database.reset()
        web = start(
            "The web server",
            [*programs.web(f"127.0.0.1:{port}")[:-1], "benchmarks.wsgi:create_app()"],
            folder / "web.log",
            environment={"CASEBOARD_REDIS_URL": servers.redis_url},
        )
        try:
            wait_until(web, lambda: answers(port), READY_SECONDS)
            visitor, window = Visitor(port), Window(port)
            with Redis.from_url(servers.redis_url) as redis:
                yield Stack(
                    cases, quick, port, web, visitor, window, Witness(), servers, folder, redis
                )
            window.close()
            visitor.close()
        finally:
            web.stop()
            database.reset()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether the board there is ready."""
    try:
        with Visitor(port) as visitor:
            visitor.send(get("/readyz"))
    except (OSError, Failed):
        time.sleep(0.2)
        return False
    return True
