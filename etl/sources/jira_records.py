"""What JIRA tells of cards and issues, as observations."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from etl.errors import Malformed
from etl.records import (
    Entity,
    Fact,
    Observation,
    Record,
    Whole,
    canonical_instant,
    whole_or_rejected,
)
from etl.sources.jira import Issue
from etl.sources.texts import CASE_IN_SUMMARY, CASE_NUMBER, as_list, clean, instant, needed

SPRINT_NAME = re.compile(r"[\[,]name=([^,\]]*)")
NO_TARGET = "---"


def card_records(
    position: int,
    card: Issue,
    kind: str,
    fields: dict[str, str],
    seen_at: datetime,
    linked: Sequence[str] = (),
) -> Iterator[Record]:
    """A card with its past and its comments.

    `kind` is tracking or escalation, `fields` the ids of custom fields by purpose. `linked` are
    the cases that its remote links tell; they count only when the card itself tells none.
    """
    records = _card(position, card, kind, fields, seen_at, linked)
    return whole_or_rejected(position, card.asked, card.raw, records)


def issue_records(
    position: int, issue: Issue, fields: dict[str, str], seen_at: datetime
) -> Iterator[Record]:
    """A JIRA issue that cases link, as a bug, with its past."""
    records = _issue(position, issue, fields, seen_at)
    return whole_or_rejected(position, issue.asked, issue.raw, records)


def tells_no_case(card: Issue, fields: dict[str, str]) -> bool:
    """Whether a card tells the cases that it tracks neither in its summary nor in its field."""
    summary = clean((card.raw.get("fields") or {}).get("summary"))
    told = _custom(card, fields, "cases")
    by_field = isinstance(told, str) and CASE_NUMBER.search(told)
    return not (CASE_IN_SUMMARY.match(summary or "") or by_field)


def updated(issue: Issue) -> datetime:
    """When an issue was updated last (UTC), long ago when it does not tell."""
    try:
        told = instant((issue.raw.get("fields") or {}).get("updated"), "updated")
    except (Malformed, AttributeError):
        # One issue that has another form than promised is rejected by itself, later.
        told = None
    return told or datetime.min.replace(tzinfo=UTC)


def hidden_issue(position: int, key: str, seen_at: datetime) -> Observation:
    """An issue that JIRA does not show us: gone or restricted, it does not tell which."""
    facts = (Fact("restricted", "true", seen_at),)
    return Observation(position, f"jira|{key}", facts, "bug", "state", seen_at, seen_at)


def _card(
    position: int,
    card: Issue,
    kind: str,
    fields: dict[str, str],
    seen_at: datetime,
    linked: Sequence[str],
) -> Iterator[Record]:
    told = card.raw.get("fields") or {}
    created = needed(instant(told.get("created"), "created"), "created")
    changed = instant(told.get("updated"), "updated") or created
    summary = clean(told.get("summary"))
    cases, by_summary = _cases(card, summary, fields, linked)
    events = list(_past(card, created, fields, by_summary=by_summary))
    yield Observation(position, card.asked, (*_times(created, changed), *events), "card")
    now = {
        "kind": kind,
        "cases": as_list(cases),
        "summary": summary,
        "status": _name(told.get("status")),
        "priority": _name(told.get("priority")),
        "assignee": _person(told.get("assignee")),
        "contributors": as_list(_people(_custom(card, fields, "contributors"))),
        "labels": as_list(sorted(str(label) for label in told.get("labels") or [])),
        "sprint": _sprint(_custom(card, fields, "sprint")),
        "gone": "false",
    }
    facts = tuple(Fact(field, value, changed) for field, value in now.items())
    yield Observation(position, card.asked, facts, "card", "state", changed, seen_at)
    yield from _comments(position, card, seen_at)


def _issue(
    position: int, issue: Issue, fields: dict[str, str], seen_at: datetime
) -> Iterator[Record]:
    told = issue.raw.get("fields") or {}
    created = needed(instant(told.get("created"), "created"), "created")
    changed = instant(told.get("updated"), "updated") or created
    key = f"jira|{issue.asked}"
    versions = [str(version.get("name")) for version in told.get("fixVersions") or []]
    severity = _custom(issue, fields, "severity")
    past = [*_past(issue, created, fields), *_targets(issue, created, versions)]
    yield Observation(position, key, (*_times(created, changed), *past), "bug")
    now = {
        "summary": clean(told.get("summary")),
        "status": _name(told.get("status")),
        "severity": _name(severity) or _name(told.get("priority")),
        "target": _target(versions),
        "assignee": _person(told.get("assignee")),
        "restricted": "false",
        "gone": "false",
    }
    facts = tuple(Fact(field, value, changed) for field, value in now.items())
    yield Observation(position, key, facts, "bug", "state", changed, seen_at)


def _times(created: datetime, updated: datetime) -> tuple[Fact, Fact]:
    return (
        Fact("created", canonical_instant(created), created),
        Fact("updated", canonical_instant(updated), updated),
    )


def _past(
    issue: Issue, created: datetime, fields: dict[str, str], *, by_summary: bool = False
) -> Iterator[Fact]:
    """The changelog as facts; what a field was before its first change held since the creation."""
    begun: set[str] = set()
    for at, seq, actor, item in _items(issue):
        for field, read in _readers(item, fields, by_summary=by_summary):
            if field not in begun:
                begun.add(field)
                yield Fact(field, read(item.get("fromString")), created)
            yield Fact(field, read(item.get("toString")), at, seq, actor)


def _items(issue: Issue) -> Iterator[tuple[datetime, int, str | None, dict[str, Any]]]:
    """Changelog items, oldest first: when, in which order, by whom, what."""
    for history in sorted(issue.histories, key=lambda h: (str(h.get("created")), _number(h))):
        at = needed(instant(history.get("created"), "a change's time"), "a change's time")
        actor = _person(history.get("author"))
        for place, item in enumerate(history.get("items") or []):
            yield at, _number(history) * 100 + place, actor, item


def _readers(
    item: dict[str, Any], fields: dict[str, str], *, by_summary: bool
) -> list[tuple[str, Callable[[Any], str | None]]]:
    """What a changelog item tells of: our field, and how its text is read."""
    name, own_id = str(item.get("field")), str(item.get("fieldId") or "")
    if name == "summary":
        cases = [("cases", _cases_in_summary)] if by_summary else []
        return [("summary", clean), *cases]
    if name in {"status", "assignee", "priority"}:
        return [(name, clean)]
    if name == "labels":
        return [("labels", lambda text: as_list(sorted(str(text or "").split())))]
    if own_id and own_id == fields.get("contributors"):
        return [("contributors", lambda text: as_list(_split(text)))]
    if name == "Sprint":
        return [("sprint", lambda text: clean(str(text or "").rpartition(",")[2]))]
    return []


def _targets(issue: Issue, created: datetime, versions: list[str]) -> Iterator[Fact]:
    """The past of the fix versions, told back from what they are now: an item adds or takes one."""
    items = [entry for entry in _items(issue) if entry[3].get("field") == "Fix Version"]
    held = set(versions)
    facts = []
    for at, seq, actor, item in reversed(items):
        facts.append(Fact("target", _target(sorted(held)), at, seq, actor))
        held.discard(str(item.get("toString")))
        if item.get("fromString"):
            held.add(str(item["fromString"]))
    if items:
        facts.append(Fact("target", _target(sorted(held)), created))
    yield from reversed(facts)


def _comments(position: int, card: Issue, seen_at: datetime) -> Iterator[Record]:
    yield Whole("card_comment", card.asked, seen_at)
    entity: Entity = "card_comment"
    for comment in card.comments:
        key = f"{card.asked}|{comment.get('id')}"
        created = needed(instant(comment.get("created"), "created of a comment"), "created")
        changed = instant(comment.get("updated"), "updated of a comment") or created
        author = _person(comment.get("author"))
        facts = (
            Fact("text", clean(comment.get("body")), changed, actor=author),
            Fact("author", author, created),
            Fact("created", canonical_instant(created), created),
            Fact("gone", "false", created),
        )
        yield Observation(position, key, facts, entity, "state", changed, seen_at)


def _cases(
    card: Issue, summary: str | None, fields: dict[str, str], linked: Sequence[str]
) -> tuple[list[str], bool]:
    """The cases of a card, and whether its summary tells them."""
    own = CASE_IN_SUMMARY.match(summary or "")
    if own:
        return [own[1]], True
    told = _custom(card, fields, "cases")
    found = CASE_NUMBER.findall(told) if isinstance(told, str) else []
    return sorted(set(found or linked)), False


def _cases_in_summary(text: Any) -> str:
    own = CASE_IN_SUMMARY.match(str(text or ""))
    return as_list([own[1]] if own else [])


def _custom(issue: Issue, fields: dict[str, str], purpose: str) -> Any:
    """A custom field; some can be read only as rendered."""
    name = fields.get(purpose)
    if name is None:
        return None
    plain = (issue.raw.get("fields") or {}).get(name)
    return plain if plain is not None else (issue.raw.get("renderedFields") or {}).get(name)


def _sprint(value: Any) -> str | None:
    """The active sprint, else the last: Cloud tells objects, Data Center lines of text."""
    if not isinstance(value, list) or not value:
        return None
    active = [
        s for s in value if "active" in str(s.get("state") if isinstance(s, dict) else s).lower()
    ]
    last = (active or value)[-1]
    if isinstance(last, dict):
        return clean(last.get("name"))
    found = SPRINT_NAME.search(str(last))
    return clean(found[1]) if found else None


def _target(versions: list[str]) -> str:
    return ", ".join(sorted(versions)) or NO_TARGET


def _person(value: Any) -> str | None:
    """A person's name; e-mail addresses are often hidden."""
    if not isinstance(value, dict):
        return None
    return clean(value.get("displayName") or value.get("name") or value.get("accountId"))


def _people(value: Any) -> list[str]:
    people = value if isinstance(value, list) else []
    return sorted(name for person in people if (name := _person(person)))


def _name(value: Any) -> str | None:
    if isinstance(value, dict):
        return clean(value.get("name") or value.get("value"))
    return clean(value)


def _split(text: Any) -> list[str]:
    return sorted(part.strip() for part in str(text or "").split(",") if part.strip())


def _number(history: dict[str, Any]) -> int:
    told = str(history.get("id", ""))
    return int(told) if told.isdigit() and len(told) < 16 else 0
