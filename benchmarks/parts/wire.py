"""What travels to a browser at its first visit, and when it goes on to another page."""

from collections.abc import Iterator
from typing import Any

from benchmarks.chromium import window
from benchmarks.figure import Figure
from benchmarks.stack import Stack

PART = "Over the wire"
FIRST_KB, NEXT_KB = 900, 100
# So many tenths of a second without any request, and a page is there.
QUIET = 10
WAY = ("/cases", "/flow", "/accounts", "/trends", "/")


def measure(stack: Stack) -> Iterator[Figure]:
    """Bytes as they pass the wire, headers included, as Chromium counts them."""
    for path in ("/", "/cases"):
        with window() as page:
            if page is None:
                return
            wire = Wire(page)
            page.goto(f"http://127.0.0.1:{stack.port}{path}")
            wire.settle()
            yield Figure.within(PART, f"first visit, at {path}", wire.taken(), FIRST_KB, unit="KB")
            for further in WAY:
                if further == path:
                    continue
                page.click(f".rail a[href='{further}']")
                page.wait_for_url(f"**{further}")
                wire.settle()
                taken = wire.taken()
                if path == "/":
                    yield Figure.within(PART, f"next page, {further}", taken, NEXT_KB, unit="KB")
            page.goto(f"http://127.0.0.1:{stack.port}{path}")
            wire.settle()
            yield Figure.within(PART, f"another visit, at {path}", wire.taken(), NEXT_KB, unit="KB")


class Wire:
    """The bytes that a page's window takes."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._bytes = 0
        self._on_their_way: set[str] = set()
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._go)
        session.on("Network.loadingFinished", self._come)
        session.on("Network.loadingFailed", self._end)

    def _go(self, told: dict[str, Any]) -> None:
        self._on_their_way.add(told["requestId"])

    def _end(self, told: dict[str, Any]) -> None:
        self._on_their_way.discard(told["requestId"])

    def _come(self, told: dict[str, Any]) -> None:
        self._end(told)
        self._bytes += max(0, int(told["encodedDataLength"]))

    def settle(self) -> None:
        """Wait until all has come that a page asks for, and nothing more is asked for."""
        quiet = 0
        while quiet < QUIET:
            self._page.wait_for_timeout(100)
            quiet = 0 if self._on_their_way else quiet + 1

    def taken(self) -> float:
        """How many KB since the last time."""
        told, self._bytes = self._bytes / 1e3, 0
        return told
