"""A figure: what was measured, beside what, and whether it keeps its budget."""

from dataclasses import dataclass
from typing import Self

SHORT = (
    "the statement takes a millisecond or less; twice that leaves hardly more than one for all "
    "that stands between it and the floor: looking up the data version, reading the address as a "
    "View, taking a connection, writing 1,000 cells as people read them, and noting for the next "
    "block where this one ends"
)
DRAWN = (
    "the statement takes a few milliseconds; the rest is Python, which writes the statement for the "
    "View's own filters and days, and of the rows a figure of up to 2,000 points with what each "
    "says and leads to"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. Times are milliseconds, unless `unit` says otherwise.

    `floor` is a callback that returns the same answer as a constant, through the same server; `raw`
    is the same work done without Caseboard around it. `ratio` is what the budget is told in: how
    many raws lie above the floor, how many floors, or how many times the other. `limit` is the
    budget in the unit of `measured`, None where nothing is asked; `least` tells that it must be
    reached and not kept below. `reason` says why a budget cannot be met, where that is known.
    """

    part: str
    what: str
    measured: float
    floor: float | None = None
    raw: float | None = None
    ratio: float | None = None
    limit: float | None = None
    rule: str = ""
    unit: str = "ms"
    least: bool = False
    reason: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget is kept; None where there is none."""
        if self.limit is None:
            return None
        return self.measured >= self.limit if self.least else self.measured <= self.limit

    @property
    def verdict(self) -> str:
        """The same in words."""
        return {None: "–", True: "met", False: "**not met**"}[self.met]

    @classmethod
    def above_floor(
        cls,
        part: str,
        what: str,
        floor: float,
        raw: float,
        measured: float,
        times: float = 2,
        reason: str = "",
    ) -> Self:
        """May take the floor and so many times the raw statement."""
        return cls(
            part, what, measured, floor, raw, (measured - floor) / raw, floor + times * raw,
            f"floor + {times:g} × raw", reason=reason,
        )  # fmt: skip

    @classmethod
    def floors(
        cls, part: str, what: str, floor: float, measured: float, times: float = 2, reason: str = ""
    ) -> Self:
        """May take so many floors."""
        return cls(
            part, what, measured, floor, None, measured / floor, times * floor,
            f"{times:g} × floor", reason=reason,
        )  # fmt: skip

    @classmethod
    def times(
        cls,
        part: str,
        what: str,
        other: float,
        measured: float,
        times: float,
        beside: str,
        reason: str = "",
    ) -> Self:
        """May take so many times what something else takes, which stands in the column of raw."""
        return cls(
            part, what, measured, None, other, measured / other, times * other,
            f"{times:g} × {beside}", reason=reason,
        )  # fmt: skip

    @classmethod
    def within(
        cls,
        part: str,
        what: str,
        measured: float,
        limit: float,
        *,
        unit: str = "ms",
        floor: float | None = None,
        raw: float | None = None,
        reason: str = "",
        rule: str = "",
    ) -> Self:
        """May take so much and no more."""
        return cls(
            part, what, measured, floor, raw, measured / raw if raw else None, limit,
            rule or f"{limit:,g} {unit}", unit, reason=reason,
        )  # fmt: skip

    @classmethod
    def faster(
        cls,
        part: str,
        what: str,
        other: float,
        measured: float,
        times: float,
        whose: str,
        *,
        unit: str = "ms",
        reason: str = "",
    ) -> Self:
        """Must be so many times less than what another system took, which was measured before."""
        return cls(
            part, what, measured, None, other, other / measured, other / times,
            f"{times:g} × less than {whose}", unit, reason=reason,
        )  # fmt: skip

    @classmethod
    def told(cls, part: str, what: str, measured: float, unit: str = "ms", note: str = "") -> Self:
        """Nothing is asked of it."""
        return cls(part, what, measured, unit=unit, note=note)
