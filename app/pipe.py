"""A bounded hand-over between COPY, which writes in a thread, and the web server, which reads."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CHUNKS_AHEAD = 16
CHUNK_BYTES = 65_536
# How often it is looked whether somebody still waits while the database has nothing to say.
LOOK_SECONDS = 1.0


class ReaderLeft(Exception):
    """Nobody reads the pipe any more."""


class Pipe:
    """Written by one thread, read by another as it is iterated over; `left` as for `copied`."""

    def __init__(self, left: Callable[[], bool]) -> None:
        self._left = left
        self._chunks: queue.Queue[bytes | BaseException | None] = queue.Queue(CHUNKS_AHEAD)
        self._closed = threading.Event()
        self._buffer = bytearray()
        self._guard = threading.Lock()
        self._cancel: Callable[[], object] | None = None

    def write(self, data: bytes) -> int:
        """Take what COPY writes; it is handed over in chunks."""
        self._buffer += data
        if len(self._buffer) >= CHUNK_BYTES:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Hand over at once what has been written."""
        if self._buffer:
            self._put(bytes(self._buffer))
            self._buffer.clear()

    def finish(self, error: BaseException | None = None) -> None:
        """Tell the reader that this was all, or why there is no more."""
        try:
            if error is None:
                self.flush()
            self._put(error)
        except ReaderLeft:
            return

    def close(self) -> None:
        """Nobody reads any more: end the statement that still writes."""
        self._closed.set()
        with self._guard:
            if self._cancel is not None:
                self._cancel()

    @contextmanager
    def cancelled_by(self, cancel: Callable[[], object]) -> Iterator[None]:
        """While the block runs, closing the pipe calls `cancel`; never after it."""
        with self._guard:
            if self._closed.is_set():
                raise ReaderLeft
            self._cancel = cancel
        try:
            yield
        finally:
            with self._guard:
                self._cancel = None

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                chunk = self._chunks.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                if self._left():
                    raise ReaderLeft from None
                continue
            if isinstance(chunk, BaseException):
                raise chunk
            if chunk is None:
                return
            yield chunk

    def _put(self, chunk: bytes | BaseException | None) -> None:
        while not self._closed.is_set():
            try:
                self._chunks.put(chunk, timeout=0.2)
            except queue.Full:
                continue
            return
        raise ReaderLeft
