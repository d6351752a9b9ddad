"""Which process computes an answer that several want: the first, and the others wait for it.

While it is computed, a mark lies in its place in Redis: the answer takes that place, and where the
process dies, the mark ends by itself. So nobody waits for longer than `LEASE_SECONDS`.
"""

import time
from collections.abc import Iterator

from redis import Redis

MARK = "being computed"
LEASE_SECONDS = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.05


class Flight:
    """Marks in the places of answers; `prefix` begins the names of all places."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis, self._prefix = redis, prefix

    def begin(self, key: str) -> bool:
        """Whether it is for us to compute what belongs in a place: nothing lay there."""
        lease = int(LEASE_SECONDS * 1_000)
        return bool(self._redis.set(f"{self._prefix}{key}", MARK, nx=True, px=lease))

    def give_up(self, key: str) -> None:
        """It was not computed after all: let somebody else try."""
        self._redis.delete(f"{self._prefix}{key}")


def looks() -> Iterator[None]:
    """When to look again for what another process computes: soon, then ever more seldom.

    Sleeps before each look, and ends when that process has had its time.
    """
    pause, deadline = FIRST_PAUSE, time.monotonic() + LEASE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
        yield
