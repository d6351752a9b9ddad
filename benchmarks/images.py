"""A page's latency while 200 images are asked for at once, beside the same page left alone."""

import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from app import programs
from app.images.ask import renderer_state
from app.panels import PANELS
from app.processes import start, wait_until
from benchmarks.crowd import get

PAGES = (
    "/",
    "/api/v1/cases?as_of=2026-06-01&limit=25",
    "/api/v1/charts/by_age.json?as_of=2026-06-01",
)
# What fifty people read before they go on; one goes on at once.
READING_SECONDS = 0.5
REQUESTS, CHARTS, ROUNDS = 200, 20, 4

Figure = tuple[str, str, float, float]


def report() -> list[Figure]:
    """Median seconds of a page during and before, of one client and of fifty; empty without Chromium."""
    with served() as port:
        if renderer_state() != ["ok"]:
            print(f"Images were not measured: {'; '.join(renderer_state())}\n")
            return []
        return [figure(port, clients) for clients in (1, 50)]


@contextmanager
def served() -> Iterator[int]:
    """The web server and the image worker as `up` starts them, on the servers of the settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="caseboard-bench-images-") as folder:
        settings = {"CASEBOARD_BASE_URL": f"http://127.0.0.1:{port}"}
        log = Path(folder)
        children = [
            start(
                "The web server",
                programs.web(f"127.0.0.1:{port}"),
                log / "web.log",
                environment=settings,
            ),
            start(
                "The image worker",
                programs.image_worker(),
                log / "images.log",
                environment=settings,
            ),
        ]
        try:
            wait_until(children[0], lambda: answers(port), 60)
            deadline = time.monotonic() + 30
            while renderer_state() != ["ok"] and time.monotonic() < deadline:
                time.sleep(0.2)
            yield port
        finally:
            for child in children:
                child.stop()


def answers(port: int) -> bool:
    try:
        return get(port, "/readyz") == 200
    except OSError:
        return False


def figure(port: int, clients: int) -> Figure:
    """One row: the page during the images, and before them."""
    alone: list[float] = []
    during: list[float] = []
    names = list(PANELS)[:CHARTS]
    for turn in range(ROUNDS):
        instant = f"2026-05-{turn + 1:02d}T00:{clients:02d}:00Z"
        for name in names:
            get(port, f"/api/v1/charts/{name}.json?as_of={instant}")
        pictures = [
            f"/api/v1/charts/{names[place % CHARTS]}.png?as_of={instant}"
            for place in range(REQUESTS)
        ]
        alone += visits(port, clients, lambda: time.sleep(2))
        during += visits(port, clients, lambda paths=pictures: ask(port, paths))
    told = f"page of {clients} client{'s' if clients > 1 else ''} while {REQUESTS} images are asked for"
    return (told, "the same page alone", statistics.median(during), statistics.median(alone))


def ask(port: int, paths: list[str]) -> None:
    """Ask for all at once; fails unless every one comes."""
    command = [sys.executable, str(Path(__file__).with_name("crowd.py")), str(port)]
    subprocess.run(command, input="\n".join(paths), text=True, check=True)  # noqa: S603 - our own


def visits(port: int, clients: int, work: Callable[[], object]) -> list[float]:
    """Seconds of each visit of the page while some work is done."""
    over = threading.Event()
    times: list[float] = []

    def visit() -> None:
        for page in cycle(PAGES):
            if over.wait(READING_SECONDS if clients > 1 else 0):
                return
            begun = time.perf_counter()
            if get(port, page) != 200:
                raise RuntimeError(f"{page} failed")
            times.append(time.perf_counter() - begun)

    crowd = [threading.Thread(target=visit) for _ in range(clients)]
    for one in crowd:
        one.start()
    try:
        work()
    finally:
        over.set()
        for one in crowd:
            one.join()
    return times
