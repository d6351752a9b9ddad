"""What became of every record of a dump, by kind."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

# Kinds in the order in which people read of them.
KINDS = {
    "cases": "cases",
    "details": "details of cases",
    "escalations": "escalated cases",
    "cards": "cards",
    "comments": "comments on cards",
    "bugs": "bugs of cases",
    "issues": "issues of cases",
    "statistics": "days of statistics",
    "users": "users",
    "others": "other keys",
}


@dataclass(slots=True)
class Tally:
    """What became of the records of one kind.

    `read` = `mapped` + `mended` + `repeated` + `told` + `aside`. Repeated are copies of what the
    dump says elsewhere, told what a live source has told itself. `mends` and `reasons` count the
    ways in which records were mended, and why they were set aside.
    """

    read: int = 0
    mapped: int = 0
    mended: int = 0
    repeated: int = 0
    told: int = 0
    aside: int = 0
    mends: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every record is accounted for."""
        parts = (self.mapped, self.mended, self.repeated, self.told, self.aside)
        return self.read == sum(parts) and min(parts) >= 0


class Ledger:
    """The tallies of a dump; `values` counts single values that were set aside."""

    def __init__(self) -> None:
        self.tallies = {kind: Tally() for kind in KINDS}
        self.values = 0
        self._outcomes: dict[int, tuple[str, bool]] = {}

    def mapped(self, kind: str, position: int, mends: list[str]) -> None:
        """A record was understood, after some mending."""
        tally = self.tallies[kind]
        if mends:
            tally.mended += 1
            tally.mends.update(mends)
        else:
            tally.mapped += 1
        self._outcomes[position] = (kind, bool(mends))

    def repeated(self, kind: str) -> None:
        """A record is a copy of another."""
        self.tallies[kind].repeated += 1

    def aside(self, kind: str, reason: str) -> None:
        """A record could not be used."""
        tally = self.tallies[kind]
        tally.aside += 1
        tally.reasons[reason] += 1

    def told(self, position: int) -> None:
        """A live source tells itself what a record says, and counts."""
        kind, mended = self._outcomes.pop(position)
        tally = self.tallies[kind]
        tally.told += 1
        if mended:
            tally.mended -= 1
        else:
            tally.mapped -= 1

    def lines(self) -> Iterator[tuple[str, Tally]]:
        """The kinds that the dump has, with their tallies."""
        for kind, words in KINDS.items():
            if self.tallies[kind].read:
                yield words, self.tallies[kind]

    @property
    def adds_up(self) -> bool:
        """Whether every record of every kind is accounted for."""
        return all(tally.adds_up for tally in self.tallies.values())
