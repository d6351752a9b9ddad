"""Lives of what belongs to cases: tracking cards, escalations, bugs and product issues."""

from datetime import datetime, timedelta
from random import Random

from etl.sandbox import texts
from etl.sandbox.life import DAY, Script
from etl.sandbox.model import (
    ESCALATION_LABEL,
    OPEN_ESCALATION,
    PRODUCT,
    TEAM_LABEL,
    TRACKING,
    Bug,
    Event,
    Issue,
)
from etl.sandbox.people import NAMES, person

CASE_URL = "https://access.redhat.com/support/cases/#/case/"
SHARED_EVERY = 5
SEVERITIES = {1: "Critical", 2: "Important", 3: "Moderate", 4: "Low"}
PRIORITIES = {1: "Critical", 2: "Major", 3: "Normal", 4: "Minor"}
PATHS = (
    ("To Do", "In Progress", "Done"),
    ("Open", "In Progress", "Code Review", "QE Review", "Closed"),
    ("To Do", "In Progress", "Blocked", "In Progress", "Done"),
    ("In Progress", "Code Review", "Closed"),
    ("To Do", "Closed"),
)
BUG_PATH = ("ASSIGNED", "POST", "MODIFIED", "ON_QA", "VERIFIED", "CLOSED")
ISSUE_PATH = ("To Do", "In Progress", "Code Review", "QE Review", "Closed")
RELEASES = ("4.14.z", "4.16.0", "4.16.z", "4.18.0", "4.20.0")


def one_line(text: str) -> str:
    """A JIRA summary: no line break, 255 characters at most."""
    return " ".join(text.split())[:255]


def card_life(life: Script, summary: str, severity: int | None, sprint: int) -> None:
    """The tracking card of the case: walked over the board, closed with the case."""
    rng, name = life.rng, f"card:{life.number}"
    at = life.soon(5, 60)
    by_link_only = life.rare(33, 17)
    card = Issue(
        project=TRACKING,
        summary=one_line(summary if by_link_only else f"{life.number}: {summary}"),
        created=at,
        updated=at,
        description=f"*Case* {CASE_URL}{life.number}\n\n{texts.description(rng)}",
        priority=PRIORITIES[severity or 3],
        severity=SEVERITIES[severity or 3],
        assignee=life.who() if rng.random() < 0.8 else None,
        contributors=rng.sample(NAMES, rng.randrange(4)),
        labels=_labels(rng),
        cases_link=life.number if not by_link_only and rng.random() < 0.15 else None,
        sprint=sprint,
        case=life.number,
    )
    life.add(at, "make_issue", card, name)
    if by_link_only or rng.random() < 0.3:
        life.add(at, "link_out", name, CASE_URL + life.number, "Support Case")
    if card.assignee is None:
        life.add(life.moment(0.12, 0.4), "change_issue", name, life.who(), {"assignee": life.who()})
    _walk(life, name, rng.choice(PATHS), 0.12)
    if rng.random() < 0.15:
        labels = {"labels": [*card.labels, "Trends"]}
        life.add(life.moment(0.3, 0.9), "change_issue", name, life.who(), labels)
    _busy(life, name)
    for _ in range(110 if life.rare(307, 29) else 26 if life.rare(101, 23) else rng.randrange(4)):
        life.add(life.moment(0.12, 0.98), "comment_issue", name, texts.remark(rng), life.who())


def _labels(rng: Random) -> list[str]:
    more = [label for label in ("PotentialEscalation", "Trends") if rng.random() < 0.07]
    return [TEAM_LABEL, *more]


def _walk(life: Script, name: str, path: tuple[str, ...], start: float) -> None:
    *way, last = path
    steps = sorted(life.rng.uniform(start, 0.95) for _ in way)
    for status, step in zip(way, steps, strict=True):
        at = life.born + life.length * step
        life.add(at, "change_issue", name, life.who(), {"status": status})
    end = life.born + life.length + timedelta(minutes=life.rng.uniform(1, 30))
    life.add(end, "change_issue", name, life.who(), {"status": last})


def _busy(life: Script, name: str) -> None:
    """A few cards have a longer changelog than JIRA shows with a search, or with an issue."""
    times = 130 if life.rare(307, 29) else 55 if life.rare(101, 23) else 0
    for turn, at in enumerate(sorted(life.moment(0.12, 0.95) for _ in range(times))):
        fields = {"priority": ("Major", "Normal")[turn % 2]}
        life.add(at, "change_issue", name, life.who(), fields)


def escalation_life(life: Script, summary: str, account: str | None) -> None:
    """The escalation of the case: closed when the case closes."""
    rng, name = life.rng, f"escalation:{life.number}"
    at = life.moment(0.2, 0.5)
    named = rng.random() < 0.2
    issue = Issue(
        project=OPEN_ESCALATION,
        summary=one_line(f"{account or '?'}: {life.number + ' ' if named else ''}{summary}"),
        created=at,
        updated=at,
        labels=[ESCALATION_LABEL],
        priority="Critical",
        severity="Critical",
        assignee=life.who(),
        cases_link=None if named else life.number,
        case=life.number,
    )
    life.add(at, "make_issue", issue, name)
    _walk(life, name, ("In Progress", "Closed"), 0.55)


def bug_life(life: Script, summary: str) -> None:
    """A bug that is filed for the case and linked to it."""
    rng, name = life.rng, f"bug:{life.number}"
    at = life.moment(0.15, 0.5)
    restricted = life.rare(37, 5)
    life.events += _bug_events(rng, name, at, summary, life.length / DAY, restricted)
    life.add(at + timedelta(minutes=3), "link_bug", life.number, name)


def product_life(life: Script, summary: str) -> None:
    """A product issue that is made for the case and linked to it."""
    rng, name = life.rng, f"product:{life.number}"
    at = life.moment(0.15, 0.5)
    life.events += _product_events(rng, name, at, summary, life.length / DAY, life.rare(41, 6))
    life.add(at + timedelta(minutes=4), "link_issue", life.number, name)


def shared_life(rng: Random, number: int, at: datetime, span: float) -> list[Event]:
    """A bug and a product issue that several cases will link."""
    return [
        *_bug_events(rng, f"shared:{number}", at, texts.summary(rng), span / 8, number % 9 == 4),
        *_product_events(
            rng, f"shared:{number}", at, texts.summary(rng), span / 8, number % 9 == 5
        ),
    ]


def _bug_events(
    rng: Random, name: str, at: datetime, summary: str, days: float, restricted: bool  # noqa: FBT001
) -> list[Event]:
    qa = person(rng.choice(NAMES)).email if rng.random() < 0.7 else ""
    bug = Bug(
        id=0,
        summary=summary,
        created=at,
        changed=at,
        severity=rng.choice(("urgent", "high", "medium", "low")),
        target_release=["---"] if rng.random() < 0.7 else [rng.choice(RELEASES)],
        component=rng.choice(texts.COMPONENTS),
        version=rng.choice(texts.VERSIONS),
        assigned_to=person(rng.choice(NAMES)).email,
        qa_contact=qa,
        internal_whiteboard=rng.choice(("", "telco5g", "triaged: 2")),
        keywords=["Regression"] if rng.random() < 0.1 else [],
        restricted=restricted,
    )
    events: list[Event] = [(at, "file_bug", (bug, name))]
    steps = sorted(rng.uniform(0.05, 2) * days for _ in BUG_PATH)
    for status, step in zip(BUG_PATH, steps, strict=True):
        fields: dict[str, object] = {"status": status}
        if status == "CLOSED":
            fields["resolution"] = rng.choice(("ERRATA", "NOTABUG", "CURRENTRELEASE"))
        if status == "POST" and rng.random() < 0.7:
            fields["target_release"] = [rng.choice(RELEASES)]
        if status == "ASSIGNED" and rng.random() < 0.2:
            fields["severity"] = "high"
        who = person(rng.choice(NAMES)).email
        events.append((at + DAY * step, "change_bug", (name, who, fields)))
    return events


def _product_events(
    rng: Random, name: str, at: datetime, summary: str, days: float, hidden: bool  # noqa: FBT001
) -> list[Event]:
    issue = Issue(
        project=PRODUCT,
        summary=one_line(summary),
        created=at,
        updated=at,
        issuetype="Bug",
        priority=rng.choice(tuple(PRIORITIES.values())),
        severity=rng.choice(tuple(SEVERITIES.values())),
        assignee=rng.choice(NAMES),
        labels=rng.sample(("telco", "customer", "regression"), rng.randrange(3)),
        hidden=hidden,
    )
    events: list[Event] = [(at, "make_issue", (issue, name))]
    steps = sorted(rng.uniform(0.05, 2) * days for _ in ISSUE_PATH)
    for status, step in zip(ISSUE_PATH, steps, strict=True):
        fields: dict[str, object] = {"status": status}
        if status == "Code Review":
            fields["fix_versions"] = [rng.choice(RELEASES)]
        events.append((at + DAY * step, "change_issue", (name, rng.choice(NAMES), fields)))
    return events
