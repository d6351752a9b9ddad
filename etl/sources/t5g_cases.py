"""Cases of the old system, with what it knew of their details and of the prio-list.

A case there is what the portal's search had told, under other names; it is read as the portal's
own, so that the first sync after moving over finds nothing to change.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from etl.errors import Malformed
from etl.records import Fact, Observation, Record, Rejected, canonical_instant
from etl.sources import portal_records
from etl.sources.t5g_fields import BESIDES, Fields
from etl.sources.texts import as_list, clean

SEVERITIES = {"urgent": "1", "high": "2", "normal": "3", "low": "4"}
# A product there is name and version in one: `OpenShift Container Platform 4.14`.
VERSION = re.compile(r"(.*\S)\s+(\d\S*)", re.DOTALL)
# What a card repeats of its case, by the case's own names.
COPIED = {
    "account": "account",
    "problem": "summary",
    "description": "description",
    "product": "product",
    "severity": "severity",
    "status": "case_status",
    "createdate": "case_created",
    "last_update": "case_updated_date",
    "tags": "tags",
}
DETAILS = ("crit_sit", "group_name", "notified_users", "relief_at", "resolved_at")
DETAILS_BESIDES = "old_details"


def case_of_card(card: object) -> dict[str, object]:
    """What a card says of its case, by the case's own names."""
    if not isinstance(card, dict):
        return {}
    return {name: card[of] for name, of in COPIED.items() if card.get(of) not in (None, "", [])}


def updated_of(record: Record) -> datetime | None:
    """When a case was updated last, of an observation that tells it (UTC)."""
    facts = record.facts if isinstance(record, Observation) else ()
    return next((fact.at for fact in facts if fact.field == "updated"), None)


def case_records(position: int, number: str, fields: Fields) -> list[Record]:
    """A case as facts; Malformed without a creation."""
    doc = _portal_doc(number, fields)
    records = list(portal_records.case_records(position, doc, fields.taken))
    for record in records:
        if isinstance(record, Rejected):
            raise Malformed(record.reason)
    updated = datetime.fromisoformat(str(doc["case_lastModifiedDate"]))
    bug = fields.text("bug")
    besides = fields.besides("number")
    if besides:
        told = (Fact(BESIDES, besides, updated),)
        records.append(Observation(position, number, told, "case", "state", updated, fields.taken))
    if bug and bug.isdecimal() and len(bug) <= 20:
        records.append(link(position, number, "bugzilla", bug, fields.taken, fields.taken))
    elif bug:
        fields.lose("bug", "is not the number of a bug")
    return records


def link(
    position: int, number: str, tracker: str, key: str, at: datetime, taken: datetime
) -> Observation:
    """The link of a case to a bug or issue, made at an instant."""
    told = (Fact("linked", "true", at), Fact("gone", "false", at))
    return Observation(position, f"{number}|{tracker}|{key}", told, "link", "state", taken, taken)


def detail_records(
    position: int, number: str, fields: Fields, updated: datetime, *, copied: bool = False
) -> Iterator[Record]:
    """What only the details of a case tell, as of its last update.

    Of details `copied` from a card nothing counts as not known: the old system asked for those of
    open cases only, and forgot them with their closing.
    """
    relief, resolved = fields.moment("relief_at"), fields.moment("resolved_at")
    told = [
        ("crit_sit", str(bool(fields.flag("crit_sit"))).lower(), updated),
        ("group", fields.text("group_name"), updated),
        ("notified_users", as_list(_users(fields)), updated),
        ("relief", canonical_instant(relief) if relief else None, relief or updated),
        ("resolved", canonical_instant(resolved) if resolved else None, resolved or updated),
    ]
    facts = [
        Fact(field, value, at)
        for field, value, at in told
        if not copied or value not in (None, "false", "[]")
    ]
    besides = None if copied else fields.besides()
    if besides:
        facts.append(Fact(DETAILS_BESIDES, besides, updated))
    if facts:
        yield Observation(position, number, tuple(facts), "case", "state", updated, fields.taken)


def escalation(
    position: int, number: str, taken: datetime, *, escalated: bool, link_to: str | None = None
) -> Observation:
    """Whether a case was on the prio-list when the dump was taken."""
    facts = [Fact("escalated", "yes" if escalated else "no", taken)]
    if link_to or not escalated:
        facts.append(Fact("escalation_link", link_to, taken))
    return Observation(position, number, tuple(facts), "case", "state", taken, taken)


def _portal_doc(number: str, fields: Fields) -> dict[str, object]:
    created = fields.moment("createdate")
    if created is None:
        raise Malformed("createdate is missing, or no time that can be")
    updated, closed = fields.moment("last_update"), fields.moment("closeddate")
    status = fields.text("status")
    if updated is None:
        fields.mend("without a last update: its creation counts")
    elif updated < created:
        fields.mend("last updated before it was created: its creation counts")
    updated = max(updated or created, created)
    if closed and (status or "").lower() != portal_records.CLOSED:
        fields.lose("closeddate", "of a case that is not closed")
        closed = None
    elif not closed and (status or "").lower() == portal_records.CLOSED:
        fields.mend("closed without a date: its last update counts")
        closed = updated
    if closed and closed < created:
        fields.mend("closed before it was created: its creation counts")
        # Not at its very beginning, or it would never have been open.
        closed = created + timedelta(microseconds=1)
    product, version = _product(fields.text("product"))
    return {
        "case_number": number,
        "case_createdDate": created.isoformat(),
        "case_lastModifiedDate": updated.isoformat(),
        "case_closedDate": closed.isoformat() if closed else None,
        "case_owner": fields.text("owner"),
        "case_account_name": fields.text("account"),
        "case_summary": fields.text("problem"),
        "case_description": fields.text("description"),
        "case_status": status,
        "case_severity": _severity(fields),
        "case_product": product,
        "case_version": version,
        "case_tags": fields.texts("tags"),
    }


def _severity(fields: Fields) -> str | None:
    told = fields.text("severity")
    if told is None or portal_records.SEVERITY.match(told):
        return told
    number = SEVERITIES.get(told.lower())
    if number is None:
        fields.lose("severity", "is not one of 1 to 4")
    return number


def _product(told: str | None) -> tuple[str | None, str | None]:
    found = VERSION.fullmatch(told or "")
    return (found[1], found[2]) if found else (told, None)


def _users(fields: Fields) -> list[str]:
    users = fields.items("notified_users")
    named = [
        clean(user.get("ssoUsername")) if isinstance(user, dict) else clean(user) for user in users
    ]
    if not all(named):
        fields.lose("notified_users", "has users without a name")
    elif users:
        fields.keep("notified_users")
    return sorted({name for name in named if name})
