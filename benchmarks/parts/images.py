"""A page, while two hundred images are asked for at once; and one image."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle

from app import programs
from app.images.renderer import chromium
from app.panels import PANELS
from app.processes import start
from benchmarks.asks import get
from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import milliseconds, percentile
from benchmarks.visitor import Failed, Visitor

PART = "Images"
SEEN = (get("/"), get("/api/v1/cases", "limit=25"), get("/api/v1/charts/by_age.json"))
# What fifty people read before they go on; one goes on at once.
READING_SECONDS = 0.5
REQUESTS, CHARTS, TIMES = 200, 20, 3
READY_SECONDS = 60
ASK = """
import sys; from concurrent.futures import ThreadPoolExecutor
from benchmarks.asks import get; from benchmarks.visitor import Visitor
def one(path):
    with Visitor(int(sys.argv[1])) as visitor: return visitor.send(get(path))
paths = sys.stdin.read().split()
with ThreadPoolExecutor(len(paths)) as crowd: list(crowd.map(one, paths))
"""


def measure(stack: Stack) -> Iterator[Figure]:
    """Nothing without a Chromium, which draws them."""
    if chromium() is None:
        print("There is no Chromium here: images are not measured.")
        return
    worker = start(
        "The image worker",
        programs.image_worker(),
        stack.folder / "images.log",
        environment={"CASEBOARD_REDIS_URL": stack.servers.redis_url},
    )
    try:
        _wait(stack)
        png = get("/api/v1/charts/by_age.png")
        [took] = milliseconds(lambda: stack.visitor.send(png), rounds=10)
        yield Figure.told(PART, "one that was drawn before", took)
        for clients in (1,) if stack.quick else (1, 50):
            yield _beside(stack, clients)
    finally:
        worker.stop()


def _wait(stack: Stack) -> None:
    """Until the renderer draws."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            stack.visitor.send(get("/api/v1/charts/by_age.png"))
        except Failed:
            stack.visitor.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _beside(stack: Stack, clients: int) -> Figure:
    alone: list[float] = []
    during: list[float] = []
    names = [name for name in PANELS if name != "old_statistics"][:CHARTS]
    for turn in range(1 if stack.quick else 3):
        instant = f"2026-05-{turn + 1:02d}T00:{clients:02d}:00Z"
        for name in names:
            stack.visitor.send(get(f"/api/v1/charts/{name}.json", f"as_of={instant}"))
        pictures = [f"/api/v1/charts/{names[place % CHARTS]}.png?as_of={instant}"
                    for place in range(REQUESTS)]  # fmt: skip
        alone += _visits(stack.port, clients, lambda: time.sleep(2))
        during += _visits(stack.port, clients, lambda paths=pictures: _ask(stack.port, paths))
    words = f"a page of {clients} people" if clients > 1 else "a page"
    return Figure.times(
        PART, f"{words} while {REQUESTS} images are asked for", percentile(alone, 0.5),
        percentile(during, 0.5), TIMES, "the page alone",
    )  # fmt: skip


def _ask(port: int, paths: list[str]) -> None:
    """Ask for all at once, in a process of its own; fails unless every one comes."""
    command = [sys.executable, "-c", ASK, str(port)]
    subprocess.run(command, input="\n".join(paths), text=True, check=True)  # noqa: S603 - our own


def _visits(port: int, clients: int, work: Callable[[], object]) -> list[float]:
    """Milliseconds of each look at a page while some work is done."""
    over = threading.Event()
    times: list[float] = []

    def visit() -> None:
        with Visitor(port) as visitor:
            for page in cycle(SEEN):
                if over.wait(READING_SECONDS if clients > 1 else 0):
                    return
                begun = time.perf_counter()
                visitor.send(page)
                times.append(1e3 * (time.perf_counter() - begun))

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
