"""Moving over: a dump of the old system becomes cases, cards, comments, bugs and history."""

import gzip
import json
import os
from datetime import UTC, datetime

import pytest
from redis import Redis
from sqlalchemy import text

from app.cli import main
from app.database import snapshot
from app.metrics import catalogue_values
from app.view import View
from etl.errors import FileRefused
from etl.history import rebuild_all
from etl.t5g_import import import_t5g
from tests.etl.t5g_world import card, case, dump, issue, real_dump, written

pytestmark = pytest.mark.database

TABLES = (
    "cases", "comments", "jira_comments", "jira_cards", "bugs", "case_bugs", "case_versions",
    "card_versions", "bug_versions", "old_statistics", "data_version", "watermarks",
)  # fmt: skip
FACTS = "select entity, key, field, value, at, seq, actor from changes order by 1, 2, 3, 5, 6, 4"
REJECTS = "select position, key, reason, payload, resolved_at is null from rejects order by 1, 3"
TAKEN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def rows(statement: str, **given) -> list[tuple]:
    with snapshot() as connection:
        return [tuple(row) for row in connection.execute(text(statement), given)]


def contents(*, version: bool = True) -> dict[str, list]:
    """Everything that an import can write, but for when it was learned."""
    told = {"facts": rows(FACTS), "rejects": rows(REJECTS)}
    for name in TABLES:
        if version or name != "data_version":
            told[name] = sorted(rows(f"select * from {name}"), key=repr)  # noqa: S608
    return told


def test_every_record_of_a_dump_full_of_oddities_is_accounted_for(empty, tmp_path):
    moved = import_t5g(written(tmp_path, dump()))
    assert moved.taken == TAKEN
    assert moved.ledger.adds_up
    told = {
        kind: (tally.read, tally.mapped, tally.mended, tally.repeated, tally.told, tally.aside)
        for kind, tally in moved.ledger.tallies.items()
    }
    assert told == {
        "cases": (12, 2, 5, 0, 0, 5),
        "details": (3, 0, 1, 0, 0, 2),
        "escalations": (4, 1, 1, 0, 0, 2),
        "cards": (9, 1, 6, 0, 0, 2),
        "comments": (9, 2, 3, 1, 0, 3),
        "bugs": (9, 2, 2, 2, 0, 3),
        "issues": (4, 1, 1, 1, 0, 1),
        "statistics": (6, 3, 0, 0, 0, 3),
        "users": (1, 0, 0, 0, 0, 1),
        "others": (5, 1, 0, 0, 0, 4),
    }
