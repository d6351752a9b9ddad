"""The life of one seeded case: what it, its card and its prio-list card were told to be, and when.

Instants are whole seconds since 1970 (UTC).
"""

import random
from dataclasses import dataclass, field
from typing import Any

from etl.seed.words import ABROAD, RARE, RARE_CASES
from etl.seed.world import World

DAY = 86_400
SEVERITIES = (1, 2, 2, 3, 3, 3, 3, 3, 4, 4)
MEAN_DAYS = {1: 9, 2: 16, 3: 30, 4: 45}
WAITING = (
    "Waiting on Red Hat", "Waiting on Red Hat", "Waiting on Customer", "Waiting on Customer",
    "Awaiting Problem", "Awaiting Vendor",
)  # fmt: skip
CARD_PATH = ("To Do", "In Progress", "Code Review", "Done")
TAGS = ("5gc", "ran", "ztp", "ptp", "upgrade", "storage")
LABELS = ("field", "Trends", "telco", "regression")
SHIFT = 2_000_000

Told = dict[str, Any]


@dataclass(slots=True)
class Life:
    """A case and what hangs on it. `case`, `card` and `prio` are (instant, fields told) in order.

    `comments` and `remarks` (on the card) are (instant, author, text), oldest first.
    """

    number: str
    case: list[tuple[int, Told]] = field(default_factory=list)
    card: list[tuple[int, Told]] = field(default_factory=list)
    prio: list[tuple[int, Told]] = field(default_factory=list)
    comments: list[tuple[int, str, str]] = field(default_factory=list)
    remarks: list[tuple[int, str, str]] = field(default_factory=list)
    bugs: list[tuple[int, int]] = field(default_factory=list)

    @property
    def card_key(self) -> str:
        """The key of its tracking card."""
        return f"FIELD-{int(self.number) - SHIFT}"

    @property
    def prio_key(self) -> str:
        """The key of its escalation card."""
        return f"PRIO-{int(self.number) - SHIFT}"


def life(world: World, place: int, chance: random.Random) -> Life:
    """The life of the case at a place (from 0, in the order of opening)."""
    start, until = int(world.start.timestamp()), int(world.until.timestamp())
    span = until - start - 2 * DAY
    born = start + int(span * (place + chance.random()) / world.cases)
    told = Life(f"{SHIFT + place + 1:08d}")
    severity = SEVERITIES[chance.getrandbits(8) % 10]
    ended = born + 3_600 + int(chance.expovariate(1 / (MEAN_DAYS[severity] * DAY)))
    if chance.random() < 0.086 * place / world.cases:
        ended = until  # it never came to an end
    closes = ended < until - DAY
    _case(told, world, chance, born, min(ended, until - 600), severity, closes=closes)
    if chance.random() < 0.8:
        _card(told, world, chance, born, closes=closes)
    if chance.random() < 0.012:
        _prio(told, world, chance, born, ended, closes=closes)
    if chance.random() < 0.22:
        chosen = {chance.randrange(world.bugs) for _ in range(1 + (chance.random() < 0.36))}
        told.bugs = [(bug, born + chance.randrange(60, 3_600)) for bug in sorted(chosen)]
    return told


def _first(world: World, chance: random.Random, severity: int) -> Told:
    """What is told of a case when it is opened."""
    bits = chance.getrandbits
    first: Told = {
        "status": "New",
        "severity": severity,
        "owner": world.owners[bits(16) % 60],
        "account": world.accounts[bits(12)],
        "summary": world.words.some(chance, 7),
        "product": world.products[bits(16) % 30],
        "description": world.words.some(chance, 22),
    }
    kind = bits(8)
    if kind < 3:
        first["summary"] = ABROAD[bits(16) % len(ABROAD)]
    if kind & 3 == 0:
        first["tags"] = [TAGS[bits(16) % len(TAGS)]]
    if kind & 1:
        first["group"] = f"group {kind % 12}"
    if kind in (4, 5):
        first["crit_sit"] = True
    if chance.random() < len(RARE) * RARE_CASES / world.cases:
        first["description"] += f" {RARE[bits(16) % len(RARE)]}"
    return first


def _case(
    told: Life, world: World, chance: random.Random, born: int, ended: int, severity: int,
    *, closes: bool,
) -> None:  # fmt: skip
    bits = chance.getrandbits
    first = _first(world, chance, severity)
    told.case.append((born, first))
    number = 1 + bits(3) % 3
    span = ended - born - 60
    moments = sorted({born + 60 + int(span * chance.random()) for _ in range(number)})
    for step, moment in enumerate(moments):
        change: Told = {"status": WAITING[bits(16) % len(WAITING)]}
        if step == 0 and bits(1):
            change["relief"] = moment
        elif bits(3) == 0:
            change["severity"] = min(4, max(1, severity + (1 if bits(1) else -1)))
        elif bits(3) == 0:
            change["owner"] = world.owners[bits(16) % 60]
        told.case.append((moment, change))
        told.comments.append((moment - 30, first["account"], world.words.some(chance, 11)))
        if bits(1):
            told.comments.append((moment, first["owner"], world.words.some(chance, 11)))
    if closes:
        _close(told, chance, moments[-1], ended)


def _close(told: Life, chance: random.Random, latest: int, ended: int) -> None:
    closed = max(ended, latest + 60)
    told.case.append((closed, {"status": "Closed", "closed": closed, "resolved": closed - 30}))
    if chance.random() < 0.03:
        again, finally_ = closed + 2 * 3_600, closed + 20 * 3_600
        told.case.append((again, {"status": "Waiting on Red Hat"}))
        told.case.append((finally_, {"status": "Closed", "closed": finally_}))


def _card(told: Life, world: World, chance: random.Random, born: int, *, closes: bool) -> None:
    bits = chance.getrandbits
    made, end = born + 61 + bits(10), told.case[-1][0] + 7
    first: Told = {
        "cases": [told.number],
        "summary": f"{told.number}: {told.case[0][1]['summary']}",
        "status": "To Do",
        "assignee": world.engineers[bits(16) % 60],
    }
    if bits(3) == 0:
        first["contributors"] = [world.engineers[bits(16) % 60]]
    if bits(2) == 0:
        first["labels"] = [LABELS[bits(16) % len(LABELS)]]
    told.card.append((made, first))
    work = made + 60 + bits(16)
    if work < end:
        told.card.append((work, {"status": CARD_PATH[1 + bits(16) % 2]}))
    done = max(end, work + 60)
    if closes and bits(5) and done < world.until.timestamp():
        told.card.append((done, {"status": "Done"}))
    if bits(2):
        told.remarks.append((min(work, end) + 5, first["assignee"], world.words.some(chance, 11)))


def _prio(
    told: Life, world: World, chance: random.Random, born: int, ended: int, *, closes: bool
) -> None:
    made = born + 121 + chance.getrandbits(12)
    told.prio.append((made, {"cases": [told.number], "status": "Open",
                             "summary": f"Escalation of {told.number}"}))  # fmt: skip
    done = max(ended, made + 60)
    if closes and done < world.until.timestamp():
        told.prio.append((done, {"status": "Done"}))
