"""Who and what there is in a seeded world: its size, its span of time, people, accounts, bugs."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from etl.seed.words import Vocabulary, vocabulary

YEARS = timedelta(days=3_650)
DRAWS = 4_096


@dataclass(frozen=True, slots=True)
class World:
    """What is decided before any case: the same `cases`, `seed` and `until` give the same world."""

    cases: int
    seed: int
    until: datetime
    words: Vocabulary
    accounts: tuple[str, ...]
    engineers: tuple[str, ...]
    owners: tuple[str, ...]
    products: tuple[str, ...]
    bugs: int

    @property
    def start(self) -> datetime:
        """When the first case is opened, at the earliest."""
        return self.until - YEARS

    def chance(self, what: str) -> random.Random:
        """The chance of one part of the world, apart from all others."""
        return random.Random(f"{self.seed} {self.cases} {what}")  # noqa: S311 - no secret


def world(cases: int, seed: int, until: datetime) -> World:
    """A world of so many cases that ends at an instant (UTC, cut to the second)."""
    chance = random.Random(f"people {seed}")  # noqa: S311 - no secret
    accounts = [f"{_NAMES[n % len(_NAMES)]} {_KINDS[n // len(_NAMES) % len(_KINDS)]}{_tail(n)}"
                for n in range(max(8, min(400, cases // 50)))]  # fmt: skip
    weights = [1 / (place + 1) for place in range(len(accounts))]
    people = [f"{first} {last}" for last in _LAST for first in _FIRST]
    chance.shuffle(people)
    return World(
        cases=cases,
        seed=seed,
        until=until.astimezone(UTC).replace(microsecond=0),
        words=vocabulary(seed),
        accounts=tuple(chance.choices(accounts, weights, k=DRAWS)),
        engineers=tuple(people[:60]),
        owners=tuple(people[60:120]),
        products=tuple(f"{_PRODUCTS[n % 10]} {1 + n // 10}" for n in range(30)),
        bugs=max(1, cases // 20),
    )


def _tail(number: int) -> str:
    lap = number // (len(_NAMES) * len(_KINDS))
    return f" {lap + 1}" if lap else ""


_NAMES = """
Acme Northwind Globex Initech Umbra Vector Halcyon Meridian Borealis Cascade Delta Ember
Fathom Granite Harbor Ionic Juniper Keystone Lumen Monarch
""".split()  # noqa: SIM905
_KINDS = ("Telecom", "Networks", "Mobile", "Systems", "Broadband", "Energy", "Bank", "Rail")
_FIRST = """
Ana Ben Chi Dora Emil Farah Goran Hana Ivan Jana Kofi Lena
""".split()  # noqa: SIM905
_LAST = """
Abe Berg Costa Diaz Endo Fox Gruber Haas Ito Jung Kaya Lund
""".split()  # noqa: SIM905
_PRODUCTS = (
    "Platform", "Edge", "Core", "Storage", "Network", "Console", "Gateway", "Mesh", "Pipeline",
    "Virtualization",
)  # fmt: skip
