"""Bugs and issues of the old system, which it kept by the case that links them."""

from collections.abc import Iterator
from datetime import datetime

from etl.errors import Malformed
from etl.records import Entity, Fact, Observation, Record, canonical_instant
from etl.sources.t5g_cases import link
from etl.sources.t5g_fields import BESIDES, Fields, record_key

NO_TARGET = "---"
# What the old system wrote of a bug that it was not shown.
HIDDEN = "unavailable"
BUG: Entity = "bug"


def bug_number(item: object) -> str:
    """The number of a bug; Malformed when it is none."""
    told = item.get("bugzillaNumber") if isinstance(item, dict) else None
    number = record_key(told, "number of a bug")
    if not number.isdecimal() or isinstance(told, bool):
        raise Malformed(f"{number[:60]!r} is not a number of a bug")
    return number


def issue_key(item: object) -> str:
    """The key of an issue; Malformed when it is none."""
    told = item.get("id") if isinstance(item, dict) else None
    if isinstance(told, bool | float):
        raise Malformed(f"{told} is not the key of an issue")
    return record_key(told, "key of an issue")


def bug_records(position: int, case: str | None, fields: Fields) -> Iterator[Record]:
    """A bug of Bugzilla and its link to a case; `case` is None when the dump has no such case."""
    number = bug_number({"bugzillaNumber": fields.raw("bugzillaNumber")})
    linked, taken = fields.moment("linkedAt"), fields.taken
    fields.raw("caseNumber")
    hidden = fields.raw("assignee") == HIDDEN or fields.raw("last_change_time") == HIDDEN
    changed = None if hidden else fields.moment("last_change_time")
    now: dict[str, str | None] = {
        "summary": fields.text("summary"),
        "status": fields.text("status"),
    }
    if hidden:
        fields.mend("not shown to the old system: kept as restricted")
        for name in ("target_release", "severity", "internal_whiteboard", "qa_contact"):
            fields.raw(name)
        now["restricted"] = "true"
    else:
        targets = fields.texts("target_release")
        now |= {
            "severity": fields.text("severity"),
            "target": ", ".join(targets) or NO_TARGET,
            "assignee": fields.person("assignee"),
            "restricted": "false",
        }
    key = f"bugzilla|{number}"
    yield from _told(position, key, now, changed, linked, fields)
    yield from _linked(position, case, "bugzilla", number, linked or taken, fields)


def issue_records(position: int, case: str | None, fields: Fields) -> Iterator[Record]:
    """An issue of JIRA and its link to a case; `case` is None when the dump has no such case."""
    told = fields.raw("id")
    own = issue_key({"id": told})
    if isinstance(told, int):
        fields.mend("known by its number, not by its key")
    now = {
        "summary": fields.text("title"),
        "status": fields.text("status"),
        "severity": fields.text("jira_severity") or fields.text("priority"),
        "target": ", ".join(fields.texts("fix_versions")) or NO_TARGET,
        "assignee": fields.person("assignee"),
        "restricted": "false",
    }
    changed = fields.moment("updated")
    yield from _told(position, f"jira|{own}", now, changed, None, fields)
    yield from _linked(position, case, "jira", own, fields.taken, fields)


def _told(
    position: int,
    key: str,
    now: dict[str, str | None],
    changed: datetime | None,
    linked: datetime | None,
    fields: Fields,
) -> Iterator[Record]:
    """What a bug is now, as of its last change; it was there when it was linked."""
    taken, at = fields.taken, changed or fields.taken
    events = [Fact("updated", canonical_instant(changed), changed)] if changed else []
    if linked and linked <= at:
        events.append(Fact("gone", "false", linked))
    if events:
        yield Observation(position, key, tuple(events), BUG)
    besides = fields.besides()
    told = now | ({BESIDES: besides} if besides else {})
    facts = tuple(Fact(field, value, at) for field, value in told.items())
    yield Observation(position, key, facts, BUG, "state", at, taken)


def _linked(
    position: int, case: str | None, tracker: str, key: str, at: datetime, fields: Fields
) -> Iterator[Record]:
    if case is None:
        fields.mend("its case is not in the dump: kept without a link")
        return
    yield link(position, case, tracker, key, at, fields.taken)
