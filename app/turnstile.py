"""How many requests a web process works on at a time, however many threads hold one.

Threads are many, because some requests only wait (an image is being drawn elsewhere). Work is for
few at a time, else all get slower together: a request takes a seat while it is worked on, and
steps aside while it waits. Images have a lane of their own, so that two hundred of them at once
stand behind each other and not before a page.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

SEATS = 4
IMAGE_SEATS = 2
IMAGES = (".png", ".svg")
NO_BODY = ("204", "304")

_here = threading.local()


class Turnstile:
    """WSGI middleware: lets so many requests be worked on at a time, the others in turn."""

    def __init__(self, application: Callable[..., Iterable[bytes]], seats: int = SEATS) -> None:
        self._application = application
        self._seats = threading.Semaphore(seats)
        self._image_seats = threading.Semaphore(IMAGE_SEATS)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request once it has a seat; one that is made while it is sent keeps it."""
        path = str(environ.get("PATH_INFO", ""))
        drawn = path.startswith(("/api/", "/embed/")) and path.endswith(IMAGES)
        seats = self._image_seats if drawn else self._seats
        seats.acquire()
        _here.seats = seats
        whole = drawn

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal whole
            names = {name.lower() for name, _ in headers}
            whole = whole or "content-length" in names or status.startswith(NO_BODY)
            return start_response(status, headers, *more)

        try:
            answer = self._application(environ, begin)
        except BaseException:
            seats.release()
            raise
        finally:
            _here.seats = None
        if whole:
            # Nothing of it is made any more while it is sent, however slowly it is read.
            seats.release()
            return answer
        return _Seated(answer, seats)


class _Seated:
    """A streamed answer, whose seat is free once it has ended."""

    def __init__(self, answer: Iterable[bytes], seats: threading.Semaphore) -> None:
        self._answer, self._seats, self._closed = answer, seats, False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer
        self.close()

    def close(self) -> None:
        """End the answer, whether or not all of it was read."""
        if self._closed:
            return
        self._closed = True
        try:
            close = getattr(self._answer, "close", None)
            if close:
                close()
        finally:
            self._seats.release()

    def __del__(self) -> None:
        """Who forgets to close an answer takes no seat from others for ever."""
        self.close()


@contextmanager
def stepped_aside() -> Iterator[None]:
    """Give one's seat to others while waiting for something that is not worked on here."""
    seats: threading.Semaphore | None = getattr(_here, "seats", None)
    if seats is None:
        yield
        return
    seats.release()
    try:
        yield
    finally:
        seats.acquire()
