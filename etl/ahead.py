"""Asking a source for many things, several at a time and ahead of whoever takes the answers."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Asked = TypeVar("Asked")
Told = TypeVar("Told")
# For each one that is under way, how many answers may wait to be taken.
WAITING = 16


def ahead(
    ask: Callable[[Asked], Told], things: Iterable[Asked], at_once: int
) -> Generator[Told, None, None]:
    """What `ask` tells of each of `things`, in their order.

    At most `at_once` are asked for at a time, while the caller is busy with answers as well; a
    bounded number of answers is kept. An error of `ask` is raised in its answer's place. Close the
    iterator (`contextlib.closing`) where it may not be read to its end: nothing more is asked.
    """
    pool = ThreadPoolExecutor(at_once)
    waiting: deque[Future[Told]] = deque()
    try:
        for thing in things:
            waiting.append(pool.submit(ask, thing))
            if len(waiting) >= at_once * WAITING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
