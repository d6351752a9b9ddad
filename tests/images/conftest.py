"""A real worker with a real Chromium, on the Redis of the tests."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from celery import Celery

from app import programs
from app.images import shelf as shelves
from app.images.ask import breaker
from app.images.shelf import Failure, Shelf
from app.processes import Child, start
from app.queue import IMAGES
from app.settings import get_settings, use
from app.theme import PALETTES
from tests.browser.chromium import find

CHROMIUM = find()
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install Debian's package chromium"
)


class Painter:
    """A worker that draws images, and its log."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "images.log"
        self.child: Child | None = None

    def begin(self, **settings: str) -> None:
        """Start it and wait until it is ready to draw."""
        environment = {"CASEBOARD_CHROMIUM": CHROMIUM or "", **settings}
        self.child = start("The image worker", programs.image_worker(), self.log, environment=environment)  # fmt: skip
        deadline = time.monotonic() + 90
        while here().renderer() != "":
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            assert self.child.alive(), self.log.read_text()[-3000:]
            time.sleep(0.1)

    def drawn(self) -> list[str]:
        """The keys of the images that it has drawn, once it has said all: it says so afterwards."""
        told, more = "", self.log.read_text()
        while told != more:
            time.sleep(0.3)
            told, more = more, self.log.read_text()
        return re.findall(r"drew (\w+):", told)

    def end(self) -> None:
        if self.child:
            self.child.process.kill()
            self.child.process.wait()


def here() -> Shelf:
    """The shelf of the settings in force."""
    return Shelf(get_settings().redis_url)


def forget() -> None:
    """An empty shelf, and nobody who draws."""
    breaker.reset()
    redis = here()._redis
    for key in redis.scan_iter(f"{shelves.SPACE}*"):
        redis.delete(key)


def deliver(key: str, times: int) -> None:
    with Celery(broker=get_settings().queue_url, set_as_current=False) as sender:
        for _ in range(times):
            sender.send_task("caseboard.draw", (key,), queue=IMAGES, ignore_result=True)


def order(**changed: object) -> bytes:
    told = {"kind": "svg", "width": 300, "height": 200, "scale": 1, "title": "Title", "sentence": "s", "foot": "f",
            "words": "w", "font": "sans-serif", "colours": PALETTES["light"], "empty": "",
            "figure": {"data": [{"type": "bar", "y": [1, 2]}], "layout": {}}}  # fmt: skip
    return orjson.dumps({**told, **changed})


def until_told(key: str, seconds: float = 60) -> bytes | Failure:
    deadline = time.monotonic() + seconds
    while (found := here().find(key)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def desk(log) -> Iterator[None]:
    """The sample log, with a queue that no other test's worker reads."""
    use({"CASEBOARD_BROKER_URL": os.environ["CASEBOARD_REDIS_URL"]})
    forget()
    yield
    forget()


@pytest.fixture(scope="module")
def painter(desk, tmp_path_factory) -> Iterator[Painter]:
    """A worker at work."""
    # It stays behind everything else, and a machine that runs tests may be busy.
    use({"CASEBOARD_IMAGE_SECONDS": "60"})
    one = Painter(tmp_path_factory.mktemp("painter"))
    one.begin()
    yield one
    one.end()
    forget()
