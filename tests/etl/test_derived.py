"""All that is derived, after any loads: what it would be if it were derived from all facts anew."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import database
from etl import history
from etl.history import steps
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
# Of which case a card tells is filled in; None: of none.
VALUES = {
    "case": {
        "status": ["New", "Active", "Closed"],
        "severity": ["1", "3", None],
        "account": ["Acme", "Globex"],
        "summary": ["nodes crash", "disks fail"],
        "escalated": ["yes", "no"],
        # What the source says of the closing, and what cards tell too: the later counts.
        "closed": ["2026-01-03T00:00:00+00:00", "2026-01-15T12:00:00+00:00", None],
        "labels": ['["Trends"]', '["Other"]', "[]"],
        "gone": ["true", "false"],
    },
    "link": {"linked": ["true"], "gone": ["true", "false"]},
    "bug": {
        "target": ["---", "4.12", None],
        "summary": ["kernel panic", "memory leak"],
        "gone": ["true", "false"],
    },
    "card": {
        "cases": ["0", "1", None],
        "status": ["To Do", "Done"],
        "assignee": ["Ann", "Bob"],
        "labels": ['["Trends"]', "[]"],
        "gone": ["true", "false"],
    },
}
# What is derived, by table, without what only numbers or dates the rows.
DERIVED = {
    "case_versions": "select * from case_versions",
    "card_versions": "select * from card_versions",
    "bug_versions": "select * from bug_versions",
    "bug_spans": "select * from bug_spans",
    **{
        level.table: f"select * from {level.table}"
        for roll_up in steps.ROLL_UPS
        for level in roll_up.levels
    },
    "cases": "select * from cases",
    "case_bugs": "select * from case_bugs",
    "jira_cards": "select * from jira_cards",
    "bugs": "select * from bugs",
    "case_words": "select * from case_words",
}

# Cases that at some instant said others words than now, though they are told to have said these.
SAID_OTHERS = """
select w.case_number from case_words w join unnest(cast(:moments as timestamptz[])) moment
    on w.said_from <= moment
where case_words(w.case_number, moment) is distinct from case_words(w.case_number)
"""


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY) as url:
        yield url


@st.composite
def told(draw):
    """A fact about one of two cases, their links to two bugs, those bugs, and two cards."""
    entity = draw(st.sampled_from(["case", "case", "link", "bug", "card"]))
    field = draw(st.sampled_from(sorted(VALUES[entity])))
    at = BORN + timedelta(hours=draw(st.integers(0, 21 * 24)), minutes=draw(st.integers(0, 59)))
    value = draw(st.sampled_from(VALUES[entity][field]))
    which = draw(st.integers(0, 1)), draw(st.integers(0, 1))
    return entity, which, field, value, at, draw(st.integers(0, 1))


_worlds = iter(range(10**9))


def observed(world: int, fact) -> Observation:
    entity, (case, other), field, value, at, seq = fact
    number = f"W{world}-{case}"
    key = {
        "case": number,
        "link": f"{number}|bugzilla|{world}{other}",
        "bug": f"bugzilla|{world}{other}",
        "card": f"FE-{world}{other}",
    }[entity]
    if field == "cases":
        value = f'["W{world}-{value}"]' if value else "[]"
    return Observation(1, key, (Fact(field, value, at, seq),), entity)


@settings(max_examples=25, phases=(Phase.explicit, Phase.generate))
@given(
    facts=st.lists(told(), min_size=5, max_size=30), cuts=st.lists(st.integers(0, 30), max_size=5)
)
def test_after_any_loads_everything_is_as_derived_from_all_facts(desk, facts, cuts):
    world = next(_worlds)
    born = Fact("created", canonical_instant(BORN), BORN)
    take([Observation(1, f"W{world}-{case}", (born,)) for case in range(2)])
    for start, end in pairwise(sorted({0, *cuts, len(facts)})):
        take([observed(world, fact) for fact in facts[start:end]])
    kept, anew = compared()
    for name in DERIVED:
        assert kept[name] == anew[name], name
    moments = [BORN + timedelta(days=day, hours=12) for day in range(-1, 23)]
    with database.snapshot() as connection:
        assert connection.execute(text(SAID_OTHERS), {"moments": moments}).scalars().all() == []


def take(records: list[Observation]) -> None:
    run_id = start_run("test", "derived")
    with database.transaction() as connection:
        load(connection, run_id, "test", records)


def compared() -> tuple[dict, dict]:
    """The rows as the loads have left them, and as they are derived from all facts."""
    with database.engine().connect() as connection, connection.begin() as work:
        kept = rows(connection)
        history.derive_all(connection)
        anew = rows(connection)
        work.rollback()
    return kept, anew


def rows(connection) -> dict[str, list[str]]:
    return {
        name: sorted(
            connection.execute(text(f"select to_jsonb(t)::text from ({asked}) t")).scalars()
        )
        for name, asked in DERIVED.items()
    }
