"""Which cards are called for: one for each open case without one, and an old one taken up again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.settings import Settings
from etl.outbound.assignment import Assignment, Choice
from etl.outbound.intent import Intent
from etl.outbound.state import OpenCase

# As the team has always named them.
PRIORITIES = {1: "Critical", 2: "Major", 3: "Normal", 4: "Minor"}
SEVERITIES = {1: "1 (Urgent)", 2: "2 (High)", 3: "3 (Normal)", 4: "4 (Low)"}
DEFAULT_PRIORITY = "Normal"
TO_DO = "To Do"
FINISHED = "Done"
# A case older than this has had a card before, if there is one.
YOUNG = timedelta(days=15)
LONGEST_SUMMARY = 255
LONGEST_DESCRIPTION = 30_000
# Also with a title and the like: {noformat:title=x}.
NOFORMAT = re.compile(r"\{(noformat[^{}]*)\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sprint:
    """The active sprint of the team's board."""

    id: int
    name: str


def marker(number: str) -> str:
    """The label by which the card that we made for a case is found again."""
    return f"caseboard-{number}"


def card_key(number: str) -> str:
    """What names the making of a case's card for ever."""
    return f"card:{number}"


def priority_of(severity: int | None) -> str:
    """What a card's priority is to be."""
    return PRIORITIES.get(severity or 0, DEFAULT_PRIORITY)


def old_without_card(cases: Sequence[OpenCase], now: datetime) -> list[str]:
    """The cases that may have a card which the board does not know."""
    return [c.number for c in cases if c.card is None and now - c.created > YOUNG]


def plan(
    cases: Sequence[OpenCase],
    earlier: Mapping[str, str],
    assignment: Assignment,
    settings: Settings,
    sprint: Sprint | None,
    now: datetime,
) -> list[Intent]:
    """All that is called for, in the order in which it is to be done.

    `earlier` are cards that JIRA has for old cases, though the board does not know them: case to
    key. Equal arguments give equal plans.
    """
    planned: list[Intent] = []
    for case in sorted(cases, key=lambda c: (c.created, c.number)):
        known = case.card or earlier.get(case.number)
        if known is None:
            choice = assignment.choose(case.account, case.severity)
            planned += _created(case, choice, settings, sprint)
        elif case.card is None or case.reopened is not None:
            finished = case.card is None or case.card_status == FINISHED
            if finished and now - case.created > YOUNG:
                planned += _reopened(case, known, sprint, settings.jira_label)
    return planned


def _created(
    case: OpenCase, choice: Choice | None, settings: Settings, sprint: Sprint | None
) -> Iterator[Intent]:
    head = card_key(case.number)
    who = f"{choice.why}." if choice else "Nobody of CASEBOARD_TEAM is active; it is left open."
    yield Intent(
        key=head,
        kind="create_card",
        case=case.number,
        after=_card(case, choice, settings),
        reason=f"The case is open and has no card. {who}",
    )
    hangs: dict[str, Any] = {"case": case.number, "waits_for": head}
    if sprint:
        yield Intent(
            key=f"sprint:{case.number}:new", kind="sprint", after=_sprint(sprint),
            reason="A new card goes into the active sprint.", **hangs,
        )  # fmt: skip
    if choice:
        yield Intent(
            key=f"assign:{case.number}:new", kind="assign", after=_whose(choice),
            reason=f"{choice.why}.", **hangs,
        )  # fmt: skip
    yield Intent(
        key=f"status:{case.number}:new", kind="transition", after={"status": TO_DO},
        reason=f"A new card begins as {TO_DO}.", **hangs,
    )  # fmt: skip
    for name, url, title in _links(case, settings):
        yield Intent(
            key=f"link:{case.number}:{name}", kind="link",
            after={"globalId": f"caseboard:{name}", "url": url, "title": title},
            reason="A card links to its case and to the bugs behind it.", **hangs,
        )  # fmt: skip
    if choice:
        yield Intent(
            key=f"watch:{case.number}:new", kind="watch", after=_whose(choice),
            reason="Whoever has the card is told of what happens to it.", **hangs,
        )  # fmt: skip


def _card(case: OpenCase, choice: Choice | None, settings: Settings) -> dict[str, Any]:
    labels = [settings.jira_label, *settings.jira_card_labels, marker(case.number)]
    summary = " ".join(f"{case.number}: {case.summary}".split())
    return {
        "project": settings.jira_project,
        "type": settings.jira_card_type,
        "component": settings.jira_component,
        "priority": priority_of(case.severity),
        "labels": [label for label in dict.fromkeys(labels) if label],
        "summary": summary[:LONGEST_SUMMARY],
        "description": _description(case),
        "assignee": choice.member.name if choice else None,
    }


def _whose(choice: Choice) -> dict[str, Any]:
    return {"name": choice.member.name, "user": choice.member.jira_user}


def _description(case: OpenCase) -> str:
    # As it is: nothing in it is markup of ours.
    inert = NOFORMAT.sub(r"{ \1 }", case.description)
    told = (
        "Caseboard made this card.\n\n"
        f"Severity of the case: {SEVERITIES.get(case.severity or 0, 'not told')}\n"
        f"Account: {case.account or 'not told'}\n"
        f"Status: {case.status or 'not told'}\n\n"
        f"{{noformat}}\n{inert}"
    )
    return f"{told[:LONGEST_DESCRIPTION]}\n{{noformat}}"


def _links(case: OpenCase, settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What a card links to: a name for ever, the address, what it is called."""
    url = settings.case_url.replace("{number}", quote(case.number, safe=""))
    yield f"case={case.number}", url, f"Support case {case.number}"
    for bug in case.bugs:
        tracker, _, key = bug.partition("|")
        place = _tracker(tracker, settings)
        if place:
            title = f"Bug {key}" if tracker == "bugzilla" else key
            yield f"{tracker}={key}", f"{place}{quote(key, safe='')}", title


def _tracker(tracker: str, settings: Settings) -> str | None:
    if tracker == "bugzilla" and settings.bugzilla_url:
        root = settings.bugzilla_url.removesuffix("/xmlrpc.cgi").removesuffix("/rest")
        return f"{root}/show_bug.cgi?id="
    return f"{settings.jira_url}/browse/" if tracker == "jira" and settings.jira_url else None


def _reopened(
    case: OpenCase, card: str, sprint: Sprint | None, label: str | None
) -> Iterator[Intent]:
    since = case.reopened.strftime("%Y%m%dT%H%M%SZ") if case.reopened else "found"
    what = f"{case.number}:{card}:{since}"
    head = f"reopen:{what}"
    before = {"status": FINISHED} if case.card else None
    yield Intent(
        key=head, kind="reopen", case=case.number, target=card, before=before,
        after={"status": TO_DO},
        reason=f"The case is open, older than {YOUNG.days} days, and had the card {card} before.",
    )  # fmt: skip
    hangs: dict[str, Any] = {"case": case.number, "target": card, "waits_for": head}
    if label and case.card is None:
        yield Intent(
            key=f"label:{what}", kind="label", after={"label": label},
            reason="By this label the board knows its cards, and it does not know this one.",
            **hangs,
        )  # fmt: skip
    if sprint:
        yield Intent(
            key=f"sprint:{what}", kind="sprint", after=_sprint(sprint),
            reason="A card taken up again goes into the active sprint.", **hangs,
        )  # fmt: skip
    yield Intent(
        key=f"comment:{what}", kind="comment",
        after={"text": f"Case {case.number} is open again; this card was taken up again."},
        reason="Whoever reads the card is told why it is open again.", **hangs,
    )  # fmt: skip


def _sprint(sprint: Sprint) -> dict[str, Any]:
    return {"sprint": sprint.id, "name": sprint.name}
