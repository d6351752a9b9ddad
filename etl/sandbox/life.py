"""Lives of cases: what arrives on a day, and all that will happen to it.

A day's arrivals depend only on the seed, the day and the rate. Rare features sit at fixed places in
the sequence of cases, so that a small world has them too.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from etl.sandbox import texts
from etl.sandbox.chance import chance, fixed
from etl.sandbox.model import ON_CUSTOMER, ON_US, UNWANTED_TAG, WANTED_TAG, Case, Event
from etl.sandbox.people import NAMES

DAY = timedelta(days=1)
FIRST_NUMBER = 3_000_000
OTHER_TAGS = ("cnv", "ptp", "ztp", "sriov", "du", "ran", "core")


@dataclass
class Script:
    """The life of one case while it is written."""

    index: int
    rng: Random
    number: str
    born: datetime
    length: timedelta
    events: list[Event] = field(default_factory=list)

    def add(self, at: datetime, kind: str, *what: Any) -> None:
        """Something happens at a moment."""
        self.events.append((at, kind, what))

    def moment(self, low: float, high: float) -> datetime:
        """A moment between two fractions of the time for which the case is open."""
        return self.born + self.length * self.rng.uniform(low, high)

    def soon(self, low: float, high: float) -> datetime:
        """A moment so many minutes after the creation, but while the case is open."""
        return self.born + min(
            timedelta(minutes=self.rng.uniform(low, high)), self.length * self.rng.uniform(0, 0.1)
        )

    def rare(self, every: int, place: int) -> bool:
        """Whether this is the one of `every` cases that has the feature of `place`."""
        return self.index % every == place

    def who(self) -> str:
        """One of the people."""
        return self.rng.choice(NAMES)


def script(seed: int, index: int, day: datetime, span: float) -> Script:
    """The empty life of case `index`, which arrives on `day` and is open for about 6 % of `span`."""
    rng = chance(seed, "case", day.date(), index)
    days = min(rng.lognormvariate(0, 1.1) * span * 0.032, span * 0.9)
    born = day + timedelta(seconds=rng.randrange(86_400))
    number = f"{FIRST_NUMBER + index * 3 + fixed(seed, index) % 3:08d}"
    return Script(index, rng, number, born, timedelta(days=max(days, span * 0.0005)))


def case_life(life: Script, seed: int) -> None:
    """Everything that happens to the case itself."""
    rng = life.rng
    case = _case(life, seed)
    life.add(life.born, "open_case", case)
    owner = life.who()
    if case.owner is None:
        life.add(life.soon(10, 360), "change_case", life.number, {"owner": owner})
    _talk(life, case.contact, owner)
    if rng.random() < 0.12 and case.severity and case.severity > 1:
        raised = {"severity": case.severity - 1}
        life.add(life.moment(0.1, 0.6), "change_case", life.number, raised)
        if rng.random() < 0.4:
            lowered = {"severity": case.severity}
            life.add(life.moment(0.65, 0.95), "change_case", life.number, lowered)
    if rng.random() < 0.03 or life.rare(89, 2):
        life.add(life.moment(0.1, 0.4), "change_case", life.number, {"crit_sit": True})
        life.add(life.moment(0.6, 0.9), "change_case", life.number, {"crit_sit": False})
    if rng.random() < 0.04:
        life.add(life.moment(0.3, 0.9), "change_case", life.number, {"group": "Shift Networking"})
    _tags(life, case)
    _end(life)


def _case(life: Script, seed: int) -> Case:
    rng, index = life.rng, life.index
    account = rng.randrange(len(texts.ACCOUNTS))
    return Case(
        number=life.number,
        created=life.born,
        modified=life.born,
        summary=texts.summary(rng, hostile=life.rare(61, 7)),
        description=texts.description(rng, long=life.rare(499, 17)),
        severity=None if life.rare(127, 40) else rng.choices((1, 2, 3, 4), (8, 27, 45, 20))[0],
        account=None if life.rare(83, 11) else texts.ACCOUNTS[account],
        account_number=5_000_000 + account * 37,
        contact=rng.choice(texts.CONTACTS),
        owner=None if rng.random() < 0.8 else life.who(),
        product=None if life.rare(71, 12) else rng.choice(texts.PRODUCTS),
        version=None if life.rare(43, 9) else rng.choice(texts.VERSIONS),
        group=rng.choice(texts.GROUPS),
        tags=_first_tags(life),
        joined_tags=rng.random() < 0.3,
        notified=[f"user{number:02d}" for number in rng.sample(range(24), rng.randrange(3))],
        iso_stamps=rng.random() < 0.5,
        place=fixed(seed, "place", index),
    )


def _first_tags(life: Script) -> list[str]:
    if life.rare(97, 13):
        return [UNWANTED_TAG]
    if life.rare(113, 21):
        return ["cnv"]
    return [WANTED_TAG, *life.rng.sample(OTHER_TAGS, life.rng.randrange(3))]


def _tags(life: Script, case: Case) -> None:
    if life.rng.random() < 0.1:
        more = [*case.tags, "triaged"]
        life.add(life.moment(0.1, 0.8), "change_case", life.number, {"tags": more})
    if life.rare(139, 31):
        rest = [tag for tag in case.tags if tag != WANTED_TAG]
        life.add(life.moment(0.85, 0.99), "change_case", life.number, {"tags": rest})


def _talk(life: Script, customer: str, owner: str) -> None:
    """The two sides answer each other; each answer leaves the ball with the other side."""
    rng = life.rng
    for at in sorted(rng.random() * 0.95 for _ in range(rng.randint(1, 9))):
        moment = life.born + life.length * at
        if rng.random() < 0.15:
            life.add(
                moment, "add_comment", life.number, texts.remark(rng), life.who(), False, True
            )
            continue
        ours = rng.random() < 0.55
        author = owner if ours else customer
        life.add(moment, "add_comment", life.number, texts.remark(rng), author, not ours)
        status = ON_CUSTOMER if ours else ON_US
        life.add(moment + timedelta(seconds=2), "turn_case", life.number, status)


def _end(life: Script) -> None:
    rng, number = life.rng, life.number
    relief, resolved = life.moment(0.4, 0.8), life.moment(0.85, 0.98)
    closed = life.born + life.length
    if rng.random() < 0.6:
        life.add(relief, "change_case", number, {"relief": relief})
    if rng.random() < 0.85:
        life.add(resolved, "change_case", number, {"resolved": resolved})
    life.add(closed, "close_case", number)
    if rng.random() < 0.05:
        again = closed + life.length * rng.uniform(0.02, 0.5)
        note = "The problem is back, please look again."
        life.add(again, "reopen_case", number)
        life.add(again + timedelta(seconds=5), "add_comment", number, note, "Dana Levi", True)
        life.add(again + life.length * rng.uniform(0.05, 0.6), "close_case", number)
