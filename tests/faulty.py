"""A small world in which everything goes wrong now and then, loaded through its facts."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app import database
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import finish_run, start_run

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 120
END = START + timedelta(days=DAYS)
STATUSES = ("New", "Waiting on Red Hat", "Waiting on Customer", "Awaiting Problem",
            "Awaiting Problem", "Awaiting Vendor", "In the stars", "Closed", "Closed")  # fmt: skip
CARD_STATUSES = ("To Do", "In Progress", "Done", "Done", None)
PRIORITIES = ("Critical", "Major", "Normal", "Minor", "minor ", "Undefined", None)
SEVERITIES = ("urgent", "High", "medium", "Low", " Critical ", "unspecified", None)
TARGETS = ("4.14", "4.16", "4.18", "---", "", None)
ACCOUNTS = ("Acme", "Globex", "Initech", "=Umbra", None)
PRODUCTS = ("Core", "Edge", None)


class Chance:
    """Random facts of one world."""

    def __init__(self, seed: int) -> None:
        self.of = random.Random(seed)

    def moment(self) -> datetime:
        return START + timedelta(minutes=self.of.randrange(DAYS * 24 * 60))

    def changes(self, field: str, values: tuple, most: int) -> list[Fact]:
        """Some changes of a field, the first at its beginning as often as not."""
        return [
            Fact(field, self.of.choice(values), self.moment(), 0, "someone")
            for _ in range(self.of.randint(0, most))
        ]


def observations(seed: int, cases: int) -> Iterator[Observation]:
    """The facts of a world: cases, cards (several for some), bugs, and links that come and go."""
    chance = Chance(seed)
    numbers = [f"{1000 + n:08d}" for n in range(cases)]
    place = 0
    for number in numbers:
        place += 1
        yield _case(chance, place, number)
        for card in range(chance.of.choice((0, 1, 1, 1, 2, 3))):
            place += 1
            yield _card(chance, place, f"T-{number}-{card}", number, numbers)
    bugs = [("bugzilla", str(5000 + n)) for n in range(cases // 6)]
    bugs += [("jira", f"BUG-{n}") for n in range(cases // 6)]
    for tracker, key in bugs:
        if chance.of.random() < 0.9:
            place += 1
            yield _bug(chance, place, f"{tracker}|{key}")
    for number in numbers:
        for tracker, key in chance.of.sample(bugs, chance.of.choice((0, 0, 1, 1, 2, 3))):
            place += 1
            at = chance.moment()
            facts = [Fact("linked", "true", at)]
            for turn in range(chance.of.choice((0, 0, 0, 1, 2))):
                gone = "true" if turn == 0 else "false"
                facts.append(Fact("gone", gone, at + timedelta(days=5 + 9 * turn)))
            yield Observation(place, f"{number}|{tracker}|{key}", tuple(facts), entity="link")


def fill(seed: int, cases: int = 60) -> None:
    """Load the world of a seed into the database."""
    run_id = start_run("test", "test")
    with database.transaction() as connection:
        load(connection, run_id, "test", observations(seed, cases))
        finish_run(connection, run_id)


def _case(chance: Chance, place: int, number: str) -> Observation:
    born = START + (chance.moment() - START) / 2
    facts = [
        Fact("created", canonical_instant(born), born),
        Fact("status", "New", born),
        Fact("severity", chance.of.choice(("1", "2", "3", "4", None)), born),
        Fact("owner", chance.of.choice(("Ann", "Bob", None)), born),
        Fact("account", chance.of.choice(ACCOUNTS), born),
        Fact("product", chance.of.choice(PRODUCTS), born),
        Fact("summary", f"Case {number}", born),
        *chance.changes("status", STATUSES, 6),
        *chance.changes("severity", ("1", "2", "3", "4", None), 2),
        *chance.changes("owner", ("Ann", "Bob", None), 2),
        *([Fact("gone", "true", chance.moment())] if chance.of.random() < 0.05 else []),
    ]
    late = [fact for fact in facts if fact.at >= born]
    return Observation(place, number, tuple(_dated(late)), entity="case")


def _card(chance: Chance, place: int, key: str, number: str, numbers: list[str]) -> Observation:
    at = chance.moment()
    others = tuple(json.dumps(some) for some in ([number], [], [number, chance.of.choice(numbers)]))
    facts = [
        Fact("created", canonical_instant(at), at),
        Fact("kind", "tracking", at),
        Fact("cases", json.dumps([number]), at),
        Fact("summary", f"{number}: card", at),
        Fact("status", chance.of.choice(CARD_STATUSES), at),
        Fact("priority", chance.of.choice(PRIORITIES), at),
        Fact("labels", chance.of.choice(('["Trends"]', '["field"]', "[]")), at),
        *chance.changes("status", CARD_STATUSES, 3),
        *chance.changes("priority", PRIORITIES, 2),
        *chance.changes("cases", others, 1),
        *([Fact("gone", "true", chance.moment())] if chance.of.random() < 0.1 else []),
    ]
    return Observation(place, key, tuple(fact for fact in facts if fact.at >= at), entity="card")


def _bug(chance: Chance, place: int, key: str) -> Observation:
    at = START + (chance.moment() - START) / 2
    facts = [
        Fact("summary", f"Bug {key}", at),
        Fact("status", "NEW", at),
        Fact("severity", chance.of.choice(SEVERITIES), at),
        Fact("target", chance.of.choice(TARGETS), at),
        Fact("assignee", chance.of.choice(("Eve", None)), at),
        *chance.changes("severity", SEVERITIES, 2),
        *chance.changes("target", TARGETS, 4),
        *chance.changes("restricted", ("true", "false"), 2),
        *([Fact("gone", "true", chance.moment())] if chance.of.random() < 0.1 else []),
    ]
    return Observation(place, key, tuple(fact for fact in facts if fact.at >= at), entity="bug")


def _dated(facts: list[Fact]) -> Iterator[Fact]:
    """The facts, and that each was an update of its record."""
    for fact in facts:
        yield fact
        yield Fact("updated", canonical_instant(fact.at), fact.at)
