"""How cost grows with the number of cases: a fit of cost ~ cases ^ k."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Growth:
    """What a figure cost (ms) in worlds of some sizes, and up to which power it was told to grow."""

    what: str
    sizes: tuple[int, ...]
    costs: tuple[float, ...]
    told: float
    why: str

    @property
    def k(self) -> float:
        """The power that fits best."""
        return power(self.sizes, self.costs)

    @property
    def as_told(self) -> bool:
        """Whether it grows no faster than told; a tenth is noise."""
        return self.k <= self.told + 0.1


def power(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The k of cost ~ size ^ k, by least squares on the logarithms; ValueError for one size only."""
    if len(set(sizes)) < 2:
        raise ValueError("growth needs at least two sizes")
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((one - mean_x) ** 2 for one in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
