"""Every panel as its card asks for it: remembered, and computed."""

from collections.abc import Iterator

from app.panels import PANELS
from benchmarks.figure import DRAWN, Figure
from benchmarks.stack import Stack
from benchmarks.timing import Contender, milliseconds

COLD, WARM = "Panels, cold", "Panels, warm"
LOOKED_UP = (
    "above the floor stand the look-up of the data version in PostgreSQL and that of the answer in "
    "Redis, half a millisecond together: as much as the floor itself where an answer is small"
)
# Numbers of the old system, of which a seeded world has none.
LEFT_OUT = ("old_statistics",)


def measure(stack: Stack) -> Iterator[Figure]:
    """All panels but those over days, which have a part of their own."""
    from benchmarks.parts.trends import OVER_DAYS

    names = [name for name in PANELS if name not in {*LEFT_OUT, *OVER_DAYS}]
    told = [pair for name in names for pair in both(stack, name, "")]
    yield from sorted(told, key=lambda one: one.part)


def both(stack: Stack, name: str, query: str) -> Iterator[Figure]:
    """One panel, cold and warm."""
    send, ask = stack.visitor.send, stack.window.site.panel(name, query)
    floor = stack.constant(ask)
    alone = stack.witness.alone(ask)
    took = milliseconds(
        lambda: send(floor), alone, Contender(lambda: send(ask), stack.cold), rounds=9, most=4
    )
    yield Figure.above_floor(COLD, name, *took, reason=DRAWN)
    send(ask)
    yield Figure.floors(
        WARM,
        name,
        *milliseconds(lambda: send(floor), lambda: send(ask), rounds=20),
        reason=LOOKED_UP,
    )
