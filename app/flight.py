"""Which process computes an answer that several want: the first, and the others wait for it.

While it is computed, a mark lies in its place in Redis, which the answer takes in the end. The mark
is kept alive by the process that computes; where that process dies or freezes, the mark ends within
`LEASE_SECONDS`, and the next one computes.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

MARK = "being computed"
LEASE_SECONDS = 2.0
# No answer takes as long: a statement is ended before.
LONGEST_SECONDS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.05


class Flight:
    """Marks in the places of answers; `prefix` begins the names of all places."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix
        self._ours: set[str] = set()
        self._guard, self._some = threading.Lock(), threading.Event()
        self._keeper_of = 0

    def begin(self, key: str) -> bool:
        """Whether it is for us to compute what belongs in a place: nothing lay there."""
        begun = bool(self._redis.set(self._place(key), MARK, nx=True, px=_lease()))
        if begun:
            with self._guard:
                self._ours.add(key)
                self._some.set()
                # A process that was forked has no threads of its parent's.
                if self._keeper_of != os.getpid():
                    self._keeper_of = os.getpid()
                    threading.Thread(target=self._keep, name="flight", daemon=True).start()
        return begun

    def end(self, key: str) -> None:
        """We compute it no longer: from now on nobody keeps its mark alive."""
        with self._guard:
            self._ours.discard(key)

    def give_up(self, key: str) -> None:
        """It was not computed after all: let somebody else try at once."""
        self._redis.delete(self._place(key))

    def _place(self, key: str) -> str:
        return f"{self._prefix}{key}"

    def _keep(self) -> None:
        while True:
            self._some.wait()
            time.sleep(LEASE_SECONDS / 3)
            with self._guard:
                ours = list(self._ours)
                if not ours:
                    self._some.clear()
            with suppress(RedisError, OSError):
                for key in ours:
                    # Whoever took ours for dead may have put an answer there.
                    if self._redis.get(self._place(key)) == MARK.encode():
                        self._redis.pexpire(self._place(key), _lease())


def _lease() -> int:
    return int(LEASE_SECONDS * 1_000)


def looks() -> Iterator[None]:
    """When to look again for what another process computes: soon, then ever more seldom.

    Sleeps before each look, and ends when nobody can be computing it any more.
    """
    pause, deadline = FIRST_PAUSE, time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
        yield
