"""Whole pages as a browser fills them: the content, and then all that is on it, six at a time."""

from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import Contender, milliseconds

PART = "Pages"
OVERVIEW_MS = 150
WHY = (
    "each answer is a statement of its own, so that the first is shown as soon as it is there; the "
    "figures made of their rows take as much of the two cores, on which whoever asks works too"
)
PAGES = ("/cases", "/trends", "/flow", "/accounts", "/engineers", "/bugs", "/trending",
         "/quality", "/updates", "/weekly")  # fmt: skip


def measure(stack: Stack) -> Iterator[Figure]:
    """The overview, cold and warm; the other pages for the record."""
    asks = stack.window.asks("/")
    alone = stack.witness.alone(*asks)
    raw, cold, warm = milliseconds(
        alone, Contender(lambda: stack.window.load(asks), stack.cold),
        lambda: stack.window.load(asks), rounds=12,
    )  # fmt: skip
    yield Figure.within(
        PART, f"the overview, all {len(asks)} answers, cold", cold, OVERVIEW_MS, raw=raw,
        reason=WHY,
    )  # fmt: skip
    yield Figure.told(PART, "the overview, warm", warm)
    for path in (*PAGES, f"/cases/{stack.witness.number()}"):
        asks = stack.window.asks(path)
        cold, warm = milliseconds(
            Contender(lambda a=asks: stack.window.load(a), stack.cold),
            lambda a=asks: stack.window.load(a), rounds=5, most=4,
        )  # fmt: skip
        name = "a case" if path.startswith("/cases/") else path
        yield Figure.told(PART, f"{name}, all {len(asks)} answers, cold", cold)
        yield Figure.told(PART, f"{name}, warm", warm)
