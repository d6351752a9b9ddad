"""History against a plain model: versions are a function of the set of facts alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app import database
from app.models import CaseVersion
from etl.load import load
from etl.records import HELD_SINCE_CREATION, Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = {
    "status": ["New", "Active", "Closed", None],
    "severity": ["1", "4", None],
    "owner": ["Ann", "Bob", None],
    "gone": ["true", "false"],
    "card": ["T-1", None],
}


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY) as url:
        yield url


@st.composite
def fact(draw):
    field = draw(st.sampled_from(sorted(VALUES)))
    at = BORN + timedelta(hours=draw(st.integers(-2, 8)))
    return Fact(field, draw(st.sampled_from(VALUES[field])), at, draw(st.integers(0, 1)))


def order(fact: Fact):
    # PostgreSQL sorts missing values last.
    return (fact.at, fact.seq, fact.value is None, fact.value or "")


def model(facts: list[Fact]) -> list[tuple]:
    """What the versions must be, worked out one instant at a time."""
    unique = sorted(set(facts), key=order)
    placed: list[tuple[datetime, Fact]] = []
    for one in unique:
        first = next(other for other in unique if other.field == one.field) is one
        held = one.field in HELD_SINCE_CREATION and first
        placed.append((BORN if held else max(one.at, BORN), one))
    versions, before, closed_at, status_since = [], None, None, BORN
    state: dict[str, str | None] = {}
    for instant in sorted({BORN, *(at for at, _ in placed)}):
        for _, one in sorted((p for p in placed if p[0] == instant), key=lambda p: order(p[1])):
            state[one.field] = one.value
        now = {name: value for name, value in state.items() if value is not None}
        if before == now:
            continue
        closed, gone = now.get("status") == "Closed", now.get("gone") == "true"
        was_closed = (before or {}).get("status") == "Closed"
        was_gone = (before or {}).get("gone") == "true"
        event = None
        if before is None:
            event = "created"
        elif gone != was_gone:
            event = "gone" if gone else "returned"
        elif closed != was_closed:
            event = "closed" if closed else "reopened"
        if closed and not was_closed:
            closed_at = instant
        if before is None or now.get("status") != before.get("status"):
            status_since = instant
        versions.append(
            (instant, event, not closed and not gone, now.get("status"), status_since,
             now.get("severity"), now.get("owner"), now.get("card"), closed_at)
        )  # fmt: skip
        before = dict(now)
    return versions


def derived(key: str) -> list[tuple]:
    asked = select(CaseVersion).where(CaseVersion.case_number == key)
    with database.snapshot() as connection:
        rows = connection.execute(asked.order_by(CaseVersion.valid_from)).all()
    ends = [row.valid_to for row in rows]
    assert ends[:-1] == [row.valid_from for row in rows[1:]], "versions follow without a gap"
    return [
        (row.valid_from, row.event, row.is_open, row.status, row.status_since,
         None if row.severity is None else str(row.severity), row.owner, row.card, row.closed_at)
        for row in rows
    ]  # fmt: skip


_cases = iter(range(10**9))


@settings(max_examples=80)
@given(
    facts=st.lists(fact(), max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    seed=st.randoms(),
)
def test_versions_agree_with_the_model_however_the_facts_arrive(desk, facts, cuts, seed):
    key = f"C{next(_cases)}"
    created = Fact("created", canonical_instant(BORN), BORN)
    arriving = [created, *facts]
    seed.shuffle(arriving)
    edges = sorted({0, *cuts, len(arriving)})
    for start, end in pairwise(edges):
        run_id = start_run("test", "model")
        told = [Observation(1, key, (one,)) for one in arriving[start:end]]
        with database.transaction() as connection:
            load(connection, run_id, "test", told)
    assert derived(key) == model(facts)


def test_the_current_row_is_the_state_after_the_last_fact(desk):
    key, later = "CURRENT", BORN + timedelta(days=2)
    facts = (
        Fact("created", canonical_instant(BORN), BORN),
        Fact("status", "New", BORN),
        Fact("description", "long " * 50_000, BORN),
        Fact("status", "Closed", later),
        Fact("tags", '["a", "b"]', later),
        Fact("gone", "true", later + timedelta(days=1)),
    )
    with database.transaction() as connection:
        load(connection, start_run("test", "one"), "test", [Observation(1, key, facts)])
    asked = text("select * from cases where case_number = 'CURRENT'")
    case = database.read(asked).iloc[0]
    assert case["status"] == "Closed"
    assert case["closed_date"] == later
    assert case["gone_at"] == later + timedelta(days=1)
    assert case["tags"] == ["a", "b"]
    assert len(case["description"]) == 250_000


def test_a_changed_creation_takes_its_comments_along(desk):
    key = "MOVED"
    first = Observation(1, key, (Fact("created", canonical_instant(BORN), BORN),))
    with database.transaction() as connection:
        load(connection, start_run("test", "one"), "test", [first])
        connection.execute(
            text(
                "insert into comments (case_number, created_date, comment_text) values (:k, :b, 'x')"
            ),
            {"k": key, "b": BORN},
        )
    moved = BORN + timedelta(hours=1)
    with database.transaction() as connection:
        told = Observation(1, key, (Fact("created", canonical_instant(moved), moved),))
        load(connection, start_run("test", "two"), "test", [told])
    comment = database.read(text("select created_date from comments where case_number = 'MOVED'"))
    assert comment["created_date"].iloc[0] == moved
