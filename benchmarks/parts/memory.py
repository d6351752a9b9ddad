"""Whether the web server's memory stays flat over a thousand requests of all kinds."""

import random
from collections.abc import Iterator

from benchmarks.asks import Ask
from benchmarks.figure import Figure
from benchmarks.parts.crowd import mix
from benchmarks.stack import Stack

PART = "Memory"
REQUESTS, BEFORE = 1_000, 600
# What a process may hold more without that it grows with each request.
FLAT = 1.05


def measure(stack: Stack) -> Iterator[Figure]:
    """What gunicorn's processes hold after the first requests, and after a thousand more."""
    asks = [ask for visit in mix(stack) for ask in visit]
    chance = random.Random(1)  # noqa: S311 - the same each time
    few = 0.3 if stack.quick else 1
    visit(stack, asks, int(BEFORE * few), chance)
    before = stack.web_memory()
    visit(stack, asks, int(REQUESTS * few), chance)
    after = stack.web_memory()
    yield Figure.within(
        PART, f"web server, after {int(REQUESTS * few):,} mixed requests more", after, FLAT * before,
        raw=before, unit="MB", rule=f"{FLAT:g} × before them",
    )  # fmt: skip


def visit(stack: Stack, asks: list[Ask], number: int, chance: random.Random) -> None:
    """So many requests in turn; now and then all is forgotten, so that it is computed anew."""
    for done in range(number):
        if done % 100 == 0:
            stack.cold()
        # Over several connections, so that each process has its part.
        stack.window.background([chance.choice(asks)])()
