"""The work list of records that a source and the board do not both have.

They are of the whole board, whatever the filters. The reconciliation syncs find them
(`etl.syncs.reconcile`).
"""

from typing import Any

from sqlalchemy import Text, and_, case, cast, literal, null, or_, select

from app.database import plain, snapshot
from app.models import Difference, Recount
from app.quality.worklist import Found, Population, WorkList

# What a kind of record is called, and who its source is.
KINDS = {
    "case": ("cases", "The portal"),
    "tracking": ("cards", "JIRA"),
    "escalation": ("cards of the prio-list", "JIRA"),
    "issue": ("linked issues", "JIRA"),
    "bug": ("linked bugs", "Bugzilla"),
}
NAMES = {"case": "Case ", "tracking": "Card ", "escalation": "Prio-list card "}


def _unreconciled(people: Population) -> Found:
    there = Difference.lacks == "source"
    tracker = case((Difference.kind == "bug", "bugzilla"), (Difference.kind == "issue", "jira"))
    name = case(*((Difference.kind == kind, words) for kind, words in NAMES.items()), else_="")
    told: dict[str, Any] = {
        "subject": Difference.kind + literal("|") + Difference.key,
        # Of a case that the board lacks there is no page.
        "number": case((and_(Difference.kind == "case", there), Difference.key), else_=null()),
        "tracker": cast(tracker, Text),
        "bug": case((Difference.kind.in_(("bug", "issue")), Difference.key), else_=null()),
        "told": name + case((Difference.kind.in_(NAMES), Difference.key + ": "), else_="")
        + Difference.told,
        "since": Difference.found_at,
    }  # fmt: skip
    held = [
        Difference.found_at <= people.instant,
        or_(Difference.settled_at.is_(None), Difference.settled_at > people.instant),
        # What was lost only between two looks at it stands in the notes.
        Difference.outcome.is_distinct_from("loaded"),
    ]
    return Found(Difference.__table__, held, told)


def recounts() -> list[dict[str, Any]]:
    """The latest comparison of each kind: the columns of `recounts`, instants in UTC."""
    with snapshot() as connection:
        found = plain(connection, select(*Recount.__table__.c))
    return sorted(found, key=lambda row: list(KINDS).index(row["kind"]))


LISTS = (
    WorkList(
        "unreconciled",
        "Differs from its source",
        "Either the board lacks a record that its source has, or it shows one that is gone there.",
        _unreconciled,
    ),
)
