"""What the portal tells, as observations."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
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
from etl.sources.texts import as_list, clean, instant, needed

SEVERITY = re.compile(r"\s*([1-4])(\D|$)")
CLOSED = "closed"


def case_records(position: int, doc: dict[str, Any], seen_at: datetime) -> Iterator[Record]:
    """A case as the search tells it."""
    number = clean(doc.get("case_number"))
    records = _case(position, number, doc, seen_at)
    return whole_or_rejected(position, number, doc, records)


def detail_records(
    position: int,
    number: str,
    told: dict[str, Any],
    issues: list[str] | None,
    seen_at: datetime,
) -> Iterator[Record]:
    """What only the details of a case tell; `issues` are the keys of its JIRA issues."""
    records = _details(position, number, told, issues, seen_at)
    return whole_or_rejected(position, number, told, records)


def tags(value: object) -> list[str]:
    """Tags, which come as a list or joined by semicolons."""
    parts = value if isinstance(value, list) else [value]
    found = [clean(tag) for part in parts if part for tag in str(part).split(";")]
    return sorted({tag for tag in found if tag})


def linked_issues(told: dict[str, Any]) -> list[str] | None:
    """The keys of the JIRA issues in details; None when the details do not tell."""
    trackers = told.get("externalTrackers")
    if not isinstance(trackers, list):
        return None
    keys = [clean(t.get("resourceKey")) for t in trackers if str(t.get("system")).lower() == "jira"]
    return [key for key in keys if key]


def _case(
    position: int, number: str | None, doc: dict[str, Any], seen_at: datetime
) -> Iterator[Record]:
    if not number or len(number) > 40 or "|" in number:
        raise Malformed(f"case_number {str(doc.get('case_number'))[:60]!r} is not a case number")
    created = needed(instant(doc.get("case_createdDate"), "case_createdDate"), "case_createdDate")
    updated = instant(doc.get("case_lastModifiedDate"), "case_lastModifiedDate") or created
    closed = instant(doc.get("case_closedDate"), "case_closedDate")
    status = clean(doc.get("case_status"))
    is_closed = status is not None and status.lower() == CLOSED
    told = {
        "owner": clean(doc.get("case_owner")),
        "account": clean(doc.get("case_account_name")),
        "summary": clean(doc.get("case_summary")),
        "description": clean(doc.get("case_description")),
        "severity": _severity(doc.get("case_severity")),
        "product": _first(doc.get("case_product")),
        "product_version": clean(doc.get("case_version")),
        "tags": as_list(tags(doc.get("case_tags"))),
        "source": "portal",
        "gone": "false",
    }
    facts = [Fact(field, value, updated) for field, value in told.items()]
    facts.append(Fact("status", status, closed if is_closed and closed else updated))
    if is_closed and closed:
        facts.append(Fact("closed", canonical_instant(closed), closed))
        # It was open before, in a status that the portal no longer tells.
        before = (Fact("status", None, created),)
        yield Observation(position, number, before, kind="origin")
    yield Observation(
        position,
        number,
        (
            Fact("created", canonical_instant(created), created),
            Fact("updated", canonical_instant(updated), updated),
        ),
    )
    yield Observation(
        position, number, tuple(facts), kind="state", told_at=updated, seen_at=seen_at
    )


def _details(
    position: int,
    number: str,
    told: dict[str, Any],
    issues: list[str] | None,
    seen_at: datetime,
) -> Iterator[Record]:
    updated = needed(instant(told.get("lastModifiedDate"), "lastModifiedDate"), "lastModifiedDate")
    facts = [
        Fact("crit_sit", str(bool(told.get("critSit"))).lower(), updated),
        Fact("group", clean(told.get("groupName")), updated),
        Fact("notified_users", as_list(_users(told.get("notifiedUsers"))), updated),
    ]
    for field, name in (("relief", "reliefAt"), ("resolved", "resolvedAt")):
        moment = instant(told.get(name), name)
        value = canonical_instant(moment) if moment else None
        facts.append(Fact(field, value, moment or updated))
    yield Observation(position, number, tuple(facts), "case", "state", updated, seen_at)
    yield from _comments(position, number, told.get("comments"), updated, seen_at)
    yield from _links(position, number, told, issues, updated, seen_at)


def _comments(
    position: int, number: str, told: object, updated: datetime, seen_at: datetime
) -> Iterator[Record]:
    if not isinstance(told, list):
        return
    yield Whole("comment", number, seen_at)
    for comment in told:
        if not isinstance(comment, dict):
            continue
        created = instant(comment.get("createdDate"), "createdDate of a comment")
        author, text = clean(comment.get("createdBy")), clean(comment.get("commentBody"))
        at = created or updated
        facts = [
            Fact("text", text, at, actor=author),
            Fact("author", author, at),
            Fact("public", str(comment.get("isPublic") is not False).lower(), at),
            Fact("created", canonical_instant(at), at),
            Fact("gone", "false", at),
        ]
        key = f"{number}|{_comment_id(comment)}"
        yield Observation(position, key, tuple(facts), "comment", "state", updated, seen_at)
        if created and created <= updated:
            # A case was updated when it was commented on, also long before we first saw it.
            told_then = (Fact("updated", canonical_instant(created), created),)
            yield Observation(position, number, told_then)


def _links(
    position: int,
    number: str,
    told: dict[str, Any],
    issues: list[str] | None,
    updated: datetime,
    seen_at: datetime,
) -> Iterator[Record]:
    bugs = told.get("bugzillas")
    linked: list[tuple[str, str, datetime]] = []
    for bug in bugs if isinstance(bugs, list) else []:
        key = clean(bug.get("bugzillaNumber"))
        if key and key.isdigit():
            linked.append(("bugzilla", key, instant(bug.get("linkedAt"), "linkedAt") or updated))
    linked += [("jira", key, updated) for key in issues or [] if "|" not in key]
    if issues is not None:
        yield Whole("link", number, seen_at)
    for tracker, key, at in linked:
        facts = (Fact("linked", "true", at), Fact("gone", "false", at))
        link = f"{number}|{tracker}|{key}"
        entity: Entity = "link"
        yield Observation(position, link, facts, entity, "state", updated, seen_at)


def _severity(value: object) -> str | None:
    found = SEVERITY.match(str(value)) if value else None
    return found[1] if found else None


def _first(value: object) -> str | None:
    if isinstance(value, list):
        return clean(value[0]) if value else None
    return clean(value)


def _users(value: object) -> list[str]:
    users = value if isinstance(value, list) else []
    names = [clean(user.get("ssoUsername")) for user in users if isinstance(user, dict)]
    return sorted({name for name in names if name})


def _comment_id(comment: dict[str, Any]) -> str:
    told = clean(comment.get("id"))
    if told and "|" not in told:
        return told
    # Without an id, author and time tell comments apart.
    mark = f"{comment.get('createdBy')}\n{comment.get('createdDate')}"
    return hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:32]
