"""A browser without a screen: one connection kept open, or several at once as browsers do."""

import http.client
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import orjson

from benchmarks.asks import Ask, Json, Site, get

HOST = "127.0.0.1"
# So many connections browsers open to one host.
CONNECTIONS = 6
SECONDS = 300


class Failed(RuntimeError):
    """The board answered with a fault."""


class Visitor:
    """Asks one web server, over a connection that stays open. Not for several threads at once."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.port = port
        self._headers = headers or {}
        self._connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)

    def send(self, ask: Ask) -> bytes:
        """The whole answer of a request; Failed unless it is a good one."""
        headers = {**self._headers, "Content-Type": "application/json"}
        method = "GET" if ask.body is None else "POST"
        answer = self._asked(method, ask, headers)
        told = answer.read()
        if answer.status not in {200, 204, 304}:
            raise Failed(f"{method} {ask.path}: {answer.status} {told[:300]!r} {ask.body!r:.600}")
        return told

    def _asked(self, method: str, ask: Ask, headers: dict[str, str]) -> http.client.HTTPResponse:
        """The answer; over a new connection, where the server has closed one that was idle."""
        try:
            self._connection.request(method, ask.path, ask.body, headers)
            return self._connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            self._connection.close()
        self._connection.request(method, ask.path, ask.body, headers)
        return self._connection.getresponse()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Hang up."""
        self.close()


class Window:
    """A browser's window: goes to pages, and asks for all that is on them, several at once."""

    def __init__(self, port: int) -> None:
        self._visitors = [Visitor(port) for _ in range(CONNECTIONS)]
        self._pool = ThreadPoolExecutor(CONNECTIONS)
        self._free = list(self._visitors)
        first = self._visitors[0]
        self.site = Site(orjson.loads(first.send(get("/_dash-dependencies"))))
        self._root: Json = orjson.loads(first.send(get("/_dash-layout")))

    def asks(self, path: str, query: str = "") -> list[Ask]:
        """What a page asks for: first its content, then all that fills it."""
        content = self.site.page(path, query)
        told = orjson.loads(self._visitors[0].send(content))
        return [content, *self.site.first(self._root, told)]

    def load(self, asks: Sequence[Ask]) -> int:
        """Ask for the content of a page, and then for the rest at once; how many bytes came."""
        come = self._one(asks[0])
        return come + sum(self._pool.map(self._one, asks[1:]))

    def background(self, asks: Sequence[Ask]) -> Callable[[], object]:
        """Begin to ask; what is returned waits until all has come."""
        begun = [self._pool.submit(self._one, ask) for ask in asks]
        return lambda: [one.result() for one in begun]

    def _one(self, ask: Ask) -> int:
        visitor = self._free.pop()
        try:
            return len(visitor.send(ask))
        finally:
            self._free.append(visitor)

    def close(self) -> None:
        """Close the window."""
        self._pool.shutdown()
        for visitor in self._visitors:
            visitor.close()
