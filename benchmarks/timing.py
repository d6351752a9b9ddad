"""Taking times: things that are compared are done in turn, so that all meet the same machine."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]

# Rounds end when there are enough, or when they have taken long enough.
MOST_SECONDS = 6.0
LEAST_ROUNDS = 3


_pace = [1.0]


def pace(share: float) -> None:
    """Take only a share of the rounds and of their time, where a rough figure will do."""
    _pace[0] = share


def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to be timed, and what must be done before each time, untimed."""

    work: Work
    before: Work = nothing


def seconds(work: Work) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def milliseconds(
    *contenders: Contender | Work,
    rounds: int = 30,
    most: float = MOST_SECONDS,
    told: Callable[[list[float]], float] = statistics.median,
) -> list[float]:
    """The median of each, done in turn; once before, so that nothing is done for the first time.

    `told` takes another number of all times: their minimum is what others on the machine move least.
    """
    known = [one if isinstance(one, Contender) else Contender(one) for one in contenders]
    for one in known:
        one.before()
        one.work()
    rounds, most = max(LEAST_ROUNDS, round(rounds * _pace[0])), most * _pace[0]
    times: list[list[float]] = [[] for _ in known]
    begun = time.monotonic()
    for done in range(rounds):
        if done >= LEAST_ROUNDS and time.monotonic() - begun > most:
            break
        for own, one in zip(times, known, strict=True):
            one.before()
            own.append(seconds(one.work))
    return [1e3 * told(own) for own in times]


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
