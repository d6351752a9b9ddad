"""Draws pictures from orders with one browser that stays open; a sick one is replaced."""

import base64
import binascii
import logging
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import orjson

from app import bundles
from app.images import browser
from app.images.browser import Browser, BrowserFailed, PageFailed
from app.images.finish import NotAPicture, finished_png, finished_svg

log = logging.getLogger(__name__)

START_SECONDS = 30.0
PICTURES = 500
LOOK = 20
MOST_MEMORY = 600_000_000
SCRIPT = Path(__file__).with_name("picture.js")


def plotly_script() -> bytes:
    """What draws charts on pages; it is never fetched from anywhere."""
    try:
        return bundles.plotly()
    except FileNotFoundError as fault:
        raise BrowserFailed(str(fault)) from None


@lru_cache(maxsize=1)
def mark() -> str:
    """What tells this way of drawing from any other."""
    told = sha256(SCRIPT.read_bytes())
    told.update(plotly_script())
    return told.hexdigest()[:12]


class Renderer:
    """Draws one picture at a time."""

    def __init__(self, path: str) -> None:
        """`path` is that of a Chromium; it is started at the first order."""
        self._path = path
        self._browser: Browser | None = None
        self._drawn = 0

    def draw(self, order: bytes, seconds: float) -> bytes:
        """The file of an order; BrowserFailed or NotAPicture when there will be none.

        After `seconds` the browser is killed and BrowserTooSlow raised.
        """
        asked = orjson.loads(order)
        # The order goes in as a text: nothing in it can become a part of the script.
        script = f"drawPicture(JSON.parse({orjson.dumps(order.decode()).decode()}))"
        try:
            drawn = self._open().run(script, seconds)
        except PageFailed:
            raise
        except BrowserFailed:
            self.close()
            raise
        self._drawn += 1
        if not isinstance(drawn, str):
            raise NotAPicture("the browser drew nothing")
        if asked["kind"] == "svg":
            return finished_svg(drawn)
        try:
            picture = base64.b64decode(drawn, validate=True)
        except binascii.Error:
            raise NotAPicture("the browser drew no PNG") from None
        texts = {"Title": asked["title"], "Description": asked["words"], "Software": "Caseboard"}
        return finished_png(picture, texts, asked["scale"])

    def tidy(self) -> None:
        """Replace a browser that has drawn much or grown large; called between orders."""
        if self._browser is None or self._drawn % LOOK:
            return  # looking costs as much as drawing
        if self._drawn >= PICTURES or self._browser.memory() > MOST_MEMORY:
            log.info("The browser has drawn %d pictures and is replaced", self._drawn)
            self.close()

    def open(self) -> None:
        """Start the browser ahead of the first order."""
        self._open()

    def close(self) -> None:
        """End the browser."""
        if self._browser:
            self._browser.close()
        self._browser = None

    def _open(self) -> Browser:
        if self._browser is None or not self._browser.alive():
            self.close()
            self._browser, self._drawn = Browser(self._path, START_SECONDS), 0
            for script in (plotly_script(), SCRIPT.read_bytes()):
                self._browser.run(f"{script.decode()};undefined", START_SECONDS)
        return self._browser


def chromium() -> str | None:
    """The path of the browser that would draw here, None where there is none."""
    return browser.find()
