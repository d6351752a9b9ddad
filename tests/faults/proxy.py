"""A TCP proxy of ours between two parts of the stack, which can do what networks do."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable
from typing import Any

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]
NO_LINGER = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a free port of 127.0.0.1 and hands on to a unix socket or (host, port).

    `delay` seconds pass before each piece; at most `rate` bytes a second go through when set;
    while `silent` nothing goes through in either direction, and nobody is told (half-open).
    """

    def __init__(self, target: str | tuple[str, int]) -> None:
        self.target, self.port = target, 0
        self.delay, self.rate, self.silent = 0.0, 0, False
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def calm(self) -> None:
        """Let everything through at once again; those that waited in silence are cut."""
        cut, self.delay, self.rate, self.silent = self.silent, 0.0, 0, False
        if cut:
            self.reset()

    def reset(self) -> None:
        """Reset every connection that there is."""
        self._loop.call_soon_threadsafe(self._abort)

    def close(self) -> None:
        """End everything."""
        self._loop.call_soon_threadsafe(self._abort)
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, what: Awaitable[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(self._wrap(what), self._loop).result(10)

    @staticmethod
    async def _wrap(what: Awaitable[Any]) -> Any:
        return await what

    async def _end(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _abort(self) -> None:
        for writer in list(self._writers):
            line = writer.get_extra_info("socket")
            if line is not None:
                with contextlib.suppress(OSError):
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            there = await self._open()
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        # Cancelled at the end; whoever made the task wants no exception of it.
        with contextlib.suppress(asyncio.CancelledError):
            await self._both(reader, writer, there)

    async def _both(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, there: Opened
    ) -> None:
        try:
            await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer))
        finally:
            for end in (writer, there[1]):
                self._writers.discard(end)
                end.transport.abort()

    async def _open(self) -> Opened:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(64 if self.rate else 1 << 16):
                while self.silent:  # noqa: ASYNC110 - another thread sets it
                    await asyncio.sleep(0.05)
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.rate:
                    await asyncio.sleep(len(piece) / self.rate)
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            # Who was reset here is gone there too.
            writer.transport.abort()
