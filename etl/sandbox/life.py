"""The life of one case, from its arrival to its end, as events; the same in every run."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from etl.sandbox import texts
from etl.sandbox.chance import chance
from etl.sandbox.model import (
    ESCALATION_LABEL,
    OPEN_ESCALATION,
    PRODUCT,
    TEAM_LABEL,
    TRACKING,
    UNWANTED_TAG,
    WANTED_TAG,
    Bug,
    Case,
    Event,
    Issue,
)
from etl.sandbox.people import NAMES

FIRST_NUMBER = 4_000_000
CARD_WALK = ("New", "To Do", "Open", "In Progress", "Code Review", "QE Review")
BUG_WALK = ("NEW", "ASSIGNED", "POST", "MODIFIED", "ON_QA", "VERIFIED", "CLOSED")
RELEASES = ("4.14.z", "4.16.z", "4.18.0", "4.20.0")
PRIORITIES = {1: "Critical", 2: "Major", 3: "Normal", 4: "Minor"}
MEDIAN_DAYS, SPREAD = 11.0, 1.1
LONGEST_DAYS = 300.0


def number_of(index: int) -> str:
    """The number of the `index`th case of the world."""
    return f"{FIRST_NUMBER + index * 7:08d}"


def life(seed: int, index: int, day: datetime) -> list[Event]:
    """All that ever happens about a case that arrives on `day`, in the order of time."""
    rng = chance(seed, "case", index)
    number = number_of(index)
    created = day + timedelta(seconds=rng.randrange(86_400))
    days = min(LONGEST_DAYS, MEDIAN_DAYS * 2.718281828 ** rng.gauss(0, SPREAD))
    ends = created + timedelta(days=max(0.05, days))
    case = _case(rng, number, created)
    events: list[Event] = [(created, "open", (case,))]
    events += _talk(rng, number, created, ends, case)
    events += _milestones(rng, number, created, ends, case)
    events += _end(rng, number, ends)
    if rng.random() < 0.95:
        events += _card(rng, number, case, created, ends)
    if rng.random() < 0.03:
        events += _escalation(rng, number, case, created, ends)
    if rng.random() < 0.25:
        events += _bug(rng, number, created, ends)
    if rng.random() < 0.15:
        events += _product_issue(rng, number, created, ends)
    return sorted(events, key=lambda event: event[0])


def _case(rng: random.Random, number: str, created: datetime) -> Case:
    unwanted = rng.random() < 0.03
    tags = [
        UNWANTED_TAG if unwanted else WANTED_TAG,
        *rng.sample(("cnv", "ran", "core"), rng.randrange(3)),
    ]
    account = rng.choices(
        texts.ACCOUNTS, [1 / (place + 1) for place in range(len(texts.ACCOUNTS))]
    )[0]
    return Case(
        number,
        created,
        created,
        texts.summary(rng, hostile=rng.random() < 0.02),
        description=texts.description(rng, long=rng.random() < 0.005),
        severity=None if rng.random() < 0.01 else rng.choices((1, 2, 3, 4), (8, 22, 50, 20))[0],
        account=None if rng.random() < 0.01 else account,
        account_number=5_000_000 + texts.ACCOUNTS.index(account),
        contact=rng.choice(texts.CONTACTS),
        owner=None if rng.random() < 0.02 else rng.choice(NAMES),
        product=None if rng.random() < 0.01 else rng.choice(texts.PRODUCTS),
        version=None if rng.random() < 0.05 else rng.choice(texts.VERSIONS),
        group=rng.choice(texts.GROUPS),
        tags=tags,
        joined_tags=rng.random() < 0.3,
        iso_stamps=rng.random() < 0.5,
        place=rng.randrange(1 << 30),
    )


def _talk(
    rng: random.Random, number: str, created: datetime, ends: datetime, case: Case
) -> Iterator[Event]:
    """Replies of both sides; the ball goes over with each."""
    for at in _moments(rng, created, ends, rng.randint(1, 10)):
        customer = rng.random() < 0.45
        author = case.contact if customer else case.owner or rng.choice(NAMES)
        internal = not customer and rng.random() < 0.2
        yield at, "comment", (number, texts.remark(rng), author, customer, internal)
        if not internal:
            status = "Waiting on Red Hat" if customer else "Waiting on Customer"
            yield at + timedelta(seconds=40), "turn", (number, status)


def _milestones(
    rng: random.Random, number: str, created: datetime, ends: datetime, case: Case
) -> Iterator[Event]:
    length = ends - created
    if case.severity in {2, 3} and rng.random() < 0.1:
        yield (
            _within(rng, created, length, 0.2, 0.6),
            "change",
            (number, {"severity": case.severity - 1}),
        )
    if rng.random() < (0.3 if case.severity == 1 else 0.02):
        begins = _within(rng, created, length, 0.05, 0.3)
        yield (
            begins,
            "change",
            (number, {"crit_sit": True, "notified": sorted(rng.sample(NAMES, 2))}),
        )
        yield _within(rng, created, length, 0.5, 0.9), "change", (number, {"crit_sit": False})
    relief = _within(rng, created, length, 0.3, 0.7).replace(microsecond=0)
    yield relief, "change", (number, {"relief": relief})
    resolved = _within(rng, created, length, 0.75, 0.98).replace(microsecond=0)
    yield resolved, "change", (number, {"resolved": resolved})


def _end(rng: random.Random, number: str, ends: datetime) -> Iterator[Event]:
    yield ends, "close", (number,)
    if rng.random() < 0.05:
        again = ends + timedelta(days=rng.uniform(0.5, 20))
        yield again, "reopen", (number,)
        yield again + timedelta(days=rng.uniform(0.5, 15)), "close", (number,)


def _card(
    rng: random.Random, number: str, case: Case, created: datetime, ends: datetime
) -> Iterator[Event]:
    name, length = f"card/{number}", ends - created
    made = created + min(length / 2, timedelta(hours=rng.uniform(0.1, 40)))
    roll = rng.random()
    linked_only, by_field = roll < 0.03, 0.03 <= roll < 0.08
    title = case.summary[:200].replace("\n", " ")
    labels = [TEAM_LABEL]
    labels += ["PotentialEscalation"] if rng.random() < 0.04 else []
    labels += ["Trends"] if rng.random() < 0.05 else []
    card = Issue(
        TRACKING,
        title if linked_only or by_field else f"{number}: {title}",
        made,
        made,
        priority=PRIORITIES[case.severity or 3],
        reporter=rng.choice(NAMES),
        labels=labels,
        cases_link=number if by_field else None,
        sprint=1 + (made.toordinal() // 21) % 30,
        case=number,
    )
    yield made, "make", (card, name)
    yield made + timedelta(seconds=2), "link", (name, number)
    assignee = rng.choice(NAMES)
    yield (
        made + timedelta(minutes=rng.uniform(5, 600)),
        "issue",
        (name, card.reporter, {"assignee": assignee}),
    )
    if rng.random() < 0.3:
        helpers = sorted(rng.sample(NAMES, rng.randint(1, 3)))
        yield (
            _within(rng, made, length, 0.2, 0.6),
            "issue",
            (name, assignee, {"contributors": helpers}),
        )
    steps = sorted(rng.sample(CARD_WALK[1:], rng.randint(1, 4)), key=CARD_WALK.index)
    steps += ["Blocked"] if rng.random() < 0.1 else []
    for at, status in zip(_moments(rng, made, ends, len(steps)), steps, strict=True):
        yield at, "issue", (name, assignee, {"status": status})
    for at in _moments(rng, made, ends, rng.randint(0, 4)):
        yield at, "issue_comment", (name, texts.remark(rng), rng.choice(NAMES))
    done = "Done" if rng.random() < 0.8 else "Closed"
    yield ends + timedelta(hours=rng.uniform(0.1, 60)), "issue", (name, assignee, {"status": done})


def _escalation(
    rng: random.Random, number: str, case: Case, created: datetime, ends: datetime
) -> Iterator[Event]:
    name, made = f"escalation/{number}", _within(rng, created, ends - created, 0.1, 0.5)
    card = Issue(
        OPEN_ESCALATION,
        f"Prio-list: {case.account or 'unknown'}"[:200],
        made,
        made,
        status="Open",
        priority="Critical",
        labels=[ESCALATION_LABEL],
        cases_link=number,
        case=number,
    )
    yield made, "make", (card, name)
    yield ends, "issue", (name, "Grace O'Connor", {"status": "Closed"})


def _bug(rng: random.Random, number: str, created: datetime, ends: datetime) -> Iterator[Event]:
    linked = _within(rng, created, ends - created, 0.1, 0.6)
    if rng.random() < 0.2:
        yield linked, "share", (number, rng.random())
        return
    name = f"bug/{number}"
    bug = Bug(
        0,
        texts.summary(rng),
        linked,
        linked,
        severity=rng.choice(("urgent", "high", "medium", "low")),
        component=rng.choice(texts.COMPONENTS),
        restricted=rng.random() < 0.04,
    )
    yield linked, "file", (bug, name, number)
    steps = rng.randint(0, len(BUG_WALK) - 1)
    span = linked + (ends - created) * 1.5 + timedelta(days=3)
    for at, status in zip(_moments(rng, linked, span, steps), BUG_WALK[1:], strict=False):
        who = f"user{rng.randrange(24):02d}@example.com"
        yield at, "bug", (name, who, {"status": status})
        if rng.random() < 0.3:
            yield (
                at + timedelta(minutes=9),
                "bug",
                (name, who, {"target_release": [rng.choice(RELEASES)]}),
            )


def _product_issue(
    rng: random.Random, number: str, created: datetime, ends: datetime
) -> Iterator[Event]:
    name, made = f"product/{number}", _within(rng, created, ends - created, 0.1, 0.6)
    issue = Issue(
        PRODUCT,
        texts.summary(rng)[:200],
        made,
        made,
        issuetype="Bug",
        severity=rng.choice(("Critical", "Important", "Moderate", "Low")),
        hidden=rng.random() < 0.04,
        case=number,
    )
    yield made, "make", (issue, name)
    yield made + timedelta(seconds=5), "issue_of_case", (number, name)
    steps = rng.sample(("In Progress", "Code Review", "Closed"), rng.randint(0, 3))
    for at, status in zip(
        _moments(rng, made, ends + timedelta(days=20), len(steps)), steps, strict=True
    ):
        who = rng.choice(NAMES)
        yield at, "issue", (name, who, {"status": status, "assignee": who})
        if rng.random() < 0.4:
            yield (
                at + timedelta(minutes=3),
                "issue",
                (name, who, {"fix_versions": [rng.choice(RELEASES)]}),
            )


def _moments(rng: random.Random, start: datetime, end: datetime, count: int) -> list[datetime]:
    return sorted(start + (end - start) * rng.random() for _ in range(count))


def _within(
    rng: random.Random, start: datetime, length: timedelta, low: float, high: float
) -> datetime:
    return start + length * rng.uniform(low, high)
