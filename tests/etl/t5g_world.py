"""A dump of the old system with all the oddities that real ones have, and what is in it."""

import gzip
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
REAL = "t5g_dump_1000.json.gz"

LINK = "<a href=\"{0}\" target='_blank'>{1}</a>"
LINKED = (
    f"See {LINK.format('https://a.example/x', 'https://a.example/x')} and "
    f"{LINK.format('https://a.example/y', 'the log')} <script>alert(1)</script>"
)


def person(name: str | None) -> dict[str, Any]:
    return {"displayName": name, "key": f"key-{name}", "name": f"login-{name}"}


def card(case: str | None, **told: Any) -> dict[str, Any]:
    return {
        "account": "Acme",
        "assignee": person("Ann"),
        "bugzilla": None,
        "card_created": "2026-02-02T10:00:00.000+0000",
        "card_status": "Debugging",
        "case_created": "2026-02-01T08:00:00Z",
        "case_days_open": 9,
        "case_number": case,
        "case_status": "Waiting on Red Hat",
        "case_updated_date": "2026-02-20 09:30",
        "comments": [],
        "contributor": [person("Bob")],
        "crit_sit": False,
        "daily_telco": False,
        "description": "It fails.",
        "escalated": False,
        "escalated_link": None,
        "group_name": None,
        "issues": None,
        "labels": ["field"],
        "notified_users": [],
        "potential_escalation": False,
        "priority": "Major",
        "product": "OpenShift Container Platform 4.14",
        "relief_at": None,
        "resolved_at": None,
        "severity": "High",
        "summary": "Node lost",
        "tags": [],
    } | told


def case(**told: Any) -> dict[str, Any]:
    return {
        "account": "Acme",
        "createdate": "2026-02-01T08:00:00Z",
        "description": "It <b>fails</b>.",
        "last_update": "2026-02-20T09:30:00Z",
        "owner": "Olga",
        "problem": "Node lost",
        "product": "OpenShift Container Platform 4.14",
        "severity": "2 (High)",
        "status": "Waiting on Red Hat",
    } | told


def bug(number: object, **told: Any) -> dict[str, Any]:
    return {
        "bugzillaNumber": number,
        "bugzillaLink": f"https://bugs.example.com/{number}",
        "linkedAt": "2026-02-03T12:00:00.123456Z",
        "status": "NEW",
        "summary": "Kernel panics",
        "target_release": ["4.14.z"],
        "assignee": "dev@example.com",
        "last_change_time": "2026-02-10",
        "internal_whiteboard": "telco",
        "qa_contact": "qa@example.com",
        "severity": "high",
    } | told


def issue(key: object, **told: Any) -> dict[str, Any]:
    return {
        "id": key,
        "url": f"https://jira.example.com/browse/{key}",
        "title": "Operator loops",
        "status": "New",
        "updated": "2026-02-11",
        "qa_contact": None,
        "assignee": None,
        "fix_versions": None,
        "priority": "Critical",
        "jira_severity": None,
        "jira_type": "Bug",
        "private_keywords": ["telco"],
    } | told


DUMP: dict[str, Any] = {
    "timestamp": "2026-03-01 06:00:00+00:00",
    "cases": {
        "01000001": case(bug="2000001", tags=["shift_telco5g;cnv"]),
        "01000002": case(
            status="Closed",
            closeddate="2026-02-18T10:00:00Z",
            last_update="2026-02-18T10:00:00Z",
            severity="1 (Urgent)",
        ),
        # Closed without a date; a status that nobody knows; a closing date of an open case.
        "01000003": case(status="Closed"),
        "01000004": case(status="Pondering", closeddate="2026-02-19T00:00:00Z"),
        # Absent and null fields, which its card has; dates that cannot be.
        "1337377": {"createdate": "2026-02-05T00:00:00Z", "account": None, "tags": None},
        "01000006": case(last_update="2026-01-01T00:00:00Z", severity="dreadful"),
        "01000007": case(last_update="2099-01-01T00:00:00Z", owner={"name": "?"}),
        # Such are none.
        "": case(),
        "0100|008": case(),
        "01000009": case(createdate="yesterday"),
        "01000010": None,
        "01000011": ["a", "list"],
    },
    "details": {
        "01000001": {
            "crit_sit": True,
            "group_name": "Telco",
            "notified_users": [{"ssoUsername": "ann@acme", "title": "Ann"}, {"title": "nobody"}],
            "relief_at": 1770204600000,
            "resolved_at": "soon",
        },
        "01999999": {"crit_sit": True},
        "01000004": None,
    },
    "escalations": [
        "01000001",
        "https://access.example.com/support/cases/#/case/01000004",
        "01999999",
        None,
    ],
    "cards": {
        "FE-1": card(
            "01000001",
            comments=[
                [
                    LINKED,
                    "2026-02-21T07:00:00.000+0000",
                ],
                ["No time", None],
                ["Odd time", "2026-02-22T07:00:00.123456.000+0000"],
                ["Twice", "2026-02-23T07:00:00.000+0000"],
                ["Twice", "2026-02-23T07:00:00.000+0000"],
                "not a pair",
                [{"no": "text"}, "2026-02-23T07:00:00.000+0000"],
            ],
            bugzilla=[bug("2000002")],
            issues=[issue("OCPBUGS-1")],
        ),
        # A second card of one case, with the labels of its flags; a comment as on the first.
        "FE-2": card(
            "01000001",
            card_created="2026-02-03T05:26:36.965106.000+0000",
            potential_escalation=True,
            daily_telco=True,
            comments=[["Twice", "2026-02-23T07:00:00.000+0000"]],
        ),
        "FE-3": card("01000002", relief_at="2026-02-10T00:00:00Z", crit_sit=True),
        "FE-4": card("1337377", assignee=None, contributor=None, labels=None, comments=None),
        # A card whose case only it tells of; cards of no case, and of none that can be.
        "FE-5": card("01000012", severity="Urgent", escalated=True, escalated_link="https://e/1"),
        "FE-6": card(None, summary="Chores"),
        "FE-7": card("01000013", case_created="?", card_created="?"),
        "FE-8": "not a record",
        "FE|9": card("01000001", comments=[["With its card", "2026-02-23T07:00:00Z"]]),
    },
    "case_bz": {"01000001": [{"bugzillaNumber": "2000002", "linkedAt": "2026-02-03T12:00:00Z"}]},
    "bugs": {
        "01000001": [
            bug("2000002"),
            bug(
                "2000003",
                target_release=["unavailable"],
                assignee="unavailable",
                last_change_time="unavailable",
                severity="unavailable",
            ),
            bug("many"),
            None,
        ],
        # The same bug on another case, which says something else; a case that is not here.
        "01000002": [bug("2000002", status="CLOSED", last_change_time="2026-02-12")],
        "01999999": [bug("2000004")],
        "01000003": "no list",
    },
    "issues": {
        "01000001": [issue("OCPBUGS-1"), issue(575771, fix_versions=["---"])],
        "01000002": None,
        "01000004": [issue(None)],
    },
    "stats": {
        "2026-02-27": {
            "by_customer": {"Acme": 3},
            "by_severity": {"High": 3},
            "open_cases": 3,
            "high_prio": 3,
            "escalated": 1,
            "watched": 2,
            "crit_sit": 0,
            "total_escalations": 1,
            "weekly_opened_cases": 0,
            "weekly_closed_cases": 2,
            "daily_opened_cases": 0,
            "daily_closed_cases": 0,
            "no_updates": 2,
            "no_bzs": 1,
            "bugs": {"unique": 4, "no_target": 1},
        },
        "2026-02-28": {"open_cases": 4, "bugs": None, "high_prio": "many"},
        "the first day": {"open_cases": 1},
        "2026-02-29": {"open_cases": 1},
        "2026-02-26": "nothing",
    },
    "telco5g_stats": {"2023-05-01": {"open_cases": 12, "bugs": {"unique": 5, "no_target": 2}}},
    "users": {"uuid-1": {"givenName": ["Ann"], "mail": ["ann@acme"], "memberOf": ["cn=telco"]}},
    "last_choice": {"name": "Bob", "accounts": []},
    "refresh_id": {},
    "watchlist": ["01000001"],
    "wishes": {"of": "nobody"},
}


def dump(**changed: Any) -> dict[str, Any]:
    """The dump, with some keys told otherwise."""
    return deepcopy(DUMP) | changed


def written(folder: Path, told: object, name: str = "dump.json.gz") -> str:
    """A dump as a file; its path."""
    path = folder / name
    text = json.dumps(told).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return str(path)


def real_dump() -> Path:
    """The dump of 1,000 cases that an installation gave away; it is not part of the project."""
    for folder in ROOT.parents:
        path = folder / "shared" / "data" / REAL
        if path.exists():
            return path
    pytest.skip(f"{REAL} is not beside the project (in ../shared/data)")
