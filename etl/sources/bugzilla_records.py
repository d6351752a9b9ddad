"""What Bugzilla tells of bugs, as observations."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from etl.errors import Malformed
from etl.records import Fact, Observation, Record, canonical_instant, whole_or_rejected
from etl.sources.texts import clean, instant, needed

# What a bug's history calls the fields that we keep; the first of the targets that a site has.
PAST = {
    "status": "status",
    "bug_status": "status",
    "severity": "severity",
    "bug_severity": "severity",
    "summary": "summary",
    "short_desc": "summary",
    "assigned_to": "assignee",
    "target_release": "target",
}
NO_TARGET = "---"


def bug_records(
    position: int,
    bug: dict[str, Any],
    history: list[dict[str, Any]] | None,
    seen_at: datetime,
) -> Iterator[Record]:
    """A bug, with its past where it was fetched."""
    records = _bug(position, bug, history or [], seen_at)
    return whole_or_rejected(position, str(bug.get("id")), bug, records)


def hidden_bug(position: int, number: str, why: str, seen_at: datetime) -> Observation:
    """A bug that Bugzilla does not show us, because it is `restricted` or `gone`."""
    facts = (Fact(why, "true", seen_at),)
    return Observation(position, f"bugzilla|{number}", facts, "bug", "state", seen_at, seen_at)


def changed_at(bug: dict[str, Any]) -> datetime | None:
    """When a bug changed last (UTC); None when it does not tell in a form that can be read."""
    try:
        return _moment(bug.get("last_change_time"), "last_change_time")
    except Malformed:
        return None


def _bug(
    position: int, bug: dict[str, Any], history: list[dict[str, Any]], seen_at: datetime
) -> Iterator[Record]:
    key = f"bugzilla|{bug['id']}"
    created = needed(_moment(bug.get("creation_time"), "creation_time"), "creation_time")
    updated = _moment(bug.get("last_change_time"), "last_change_time") or created
    target = _first(bug.get("target_release")) or _first(bug.get("target_milestone"))
    events = (
        Fact("created", canonical_instant(created), created),
        Fact("updated", canonical_instant(updated), updated),
        *_past(history, created),
    )
    yield Observation(position, key, events, "bug")
    now = {
        "summary": clean(bug.get("summary")),
        "status": clean(bug.get("status")),
        "severity": clean(bug.get("severity")),
        "target": target or NO_TARGET,
        "assignee": clean(bug.get("assigned_to")),
        "restricted": "false",
        "gone": "false",
    }
    facts = tuple(Fact(field, value, updated) for field, value in now.items())
    yield Observation(position, key, facts, "bug", "state", updated, seen_at)


def _past(history: list[dict[str, Any]], created: datetime) -> Iterator[Fact]:
    """A bug's history as facts; what a field was before its first change held since creation."""
    begun: set[str] = set()
    for place, entry in enumerate(history):
        at = needed(_moment(entry.get("when"), "a change's time"), "a change's time")
        actor = clean(entry.get("who"))
        for change in entry.get("changes") or []:
            field = PAST.get(str(change.get("field_name")))
            if field is None:
                continue
            if field not in begun:
                begun.add(field)
                yield Fact(field, clean(change.get("removed")), created)
            yield Fact(field, clean(change.get("added")), at, place, actor)


def _moment(value: Any, name: str) -> datetime | None:
    """An instant: REST tells ISO 8601 with Z, XML-RPC `20260607T00:01:29`, both UTC."""
    return instant(None if value is None else str(value), name)


def _first(value: Any) -> str | None:
    if isinstance(value, list):
        return clean(value[0]) if value else None
    return clean(value)
