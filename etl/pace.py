"""How fast a source is asked: how many requests at a time, and how long all of them wait."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: `timeout` seconds for one answer, `budget` seconds of waiting in a run.

    Requests that wait at the same time cost the budget once.
    """

    timeout: float = 60.0
    budget: float = 60.0


class Pace:
    """The pace of one run at one source, shared by all its requests.

    `at_once` requests are under way at most, and half as many from each time on that the source
    asks us to wait. `budget` is how many seconds are waited altogether; requests that wait at the
    same time cost it once.
    """

    def __init__(self, at_once: int, budget: float) -> None:
        self._at_once, self._left = at_once, budget
        self._under_way = 0
        # Until when (monotonic) somebody waits with our leave, and until when all are to.
        self._granted_until = self._all_until = 0.0
        self._change = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One request's turn, once there are few enough under way."""
        with self._change:
            self._change.wait_for(lambda: self._under_way < self._at_once)
            self._under_way += 1
        try:
            yield
        finally:
            with self._change:
                self._under_way -= 1
                self._change.notify_all()

    def pause(self) -> tuple[float, bool]:
        """How many seconds all are to wait from now on, and whether we have the patience to."""
        with self._change:
            seconds = max(0.0, self._all_until - time.monotonic())
            return seconds, self._all_until <= self._granted_until

    def grant(self, seconds: float, *, to_all: bool) -> bool:
        """Whether a request may wait for so long, which is taken off what is left of patience.

        `to_all`: the source wants to be left alone meanwhile, so all requests wait.
        """
        with self._change:
            now = time.monotonic()
            until = now + seconds
            if to_all:
                if now >= self._all_until:
                    self._at_once = max(1, self._at_once // 2)
                self._all_until = max(self._all_until, until)
            more = max(0.0, until - max(now, self._granted_until))
            if more > self._left:
                return False
            self._left -= more
            self._granted_until = max(self._granted_until, until)
            return True
