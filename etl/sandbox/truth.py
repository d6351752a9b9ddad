"""What is true in the world, told from its state and not through any protocol."""

from typing import Any

from etl.sandbox.bugs import Bugs
from etl.sandbox.cases import Cases
from etl.sandbox.issues import Issues
from etl.sandbox.model import (
    ESCALATION_LABEL,
    OPEN_ESCALATION,
    TEAM_LABEL,
    TRACKING,
    WANTED_TAG,
    Case,
    Issue,
)


def truth(cases: Cases, issues: Issues, bugs: Bugs) -> list[dict[str, Any]]:
    """All cases as plain dictionaries, in order of creation."""
    cards = _by_case(issues, TRACKING, TEAM_LABEL)
    escalations = _by_case(issues, OPEN_ESCALATION, ESCALATION_LABEL)
    return [
        {
            **_fields(case),
            **_card(cards.get(case.number, [])),
            "escalations": [issue.key for issue in escalations.get(case.number, [])],
            "visible_bugs": [
                bug for bug in sorted(case.bugs) if bug in bugs.by_id and not bugs.get(bug).restricted
            ],
            "visible_issues": [key for key in sorted(case.issues) if issues.shown(key)],
        }
        for case in cases.created(None, None)
    ]


def _by_case(issues: Issues, project: str, label: str) -> dict[str, list[Issue]]:
    found: dict[str, list[Issue]] = {}
    for issue in issues.by_project[project].values():
        if issue.case and not issue.hidden and label in issue.labels:
            found.setdefault(issue.case, []).append(issue)
    return found


def _fields(case: Case) -> dict[str, Any]:
    tags = ";".join(case.tags)
    return {
        "number": case.number,
        "created": case.created,
        "closed": case.closed,
        "modified": case.modified,
        "status": case.status,
        "severity": case.severity,
        "account": case.account,
        "summary": case.summary,
        "product": case.product,
        "version": case.version,
        "owner": case.owner,
        "tags": list(case.tags),
        "crit_sit": case.crit_sit,
        "group": case.group,
        "relief": case.relief,
        "resolved": case.resolved,
        "bugs": sorted(case.bugs),
        "issues": sorted(case.issues),
        "comments": len(case.comments),
        # Whether the team wants the case, and whether the portal's wildcard query finds it.
        "matches": WANTED_TAG in case.tags,
        "found": WANTED_TAG in tags,
    }


def _card(cards: list[Issue]) -> dict[str, Any]:
    card = cards[0] if cards else None
    return {
        "card": card and card.key,
        "card_status": card and card.status,
        "assignee": card and card.assignee,
        "contributors": list(card.contributors) if card else [],
        "labels": list(card.labels) if card else [],
        "card_comments": len(card.comments) if card else 0,
    }
