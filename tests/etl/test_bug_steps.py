"""The roll-up of bugs after any loads: what links, versions of cases and of bugs say of each bug."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import database
from app.models import ANY_SEVERITY
from etl.history import bug_steps, steps
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
EVER = datetime.max.replace(tzinfo=UTC)
VALUES = {
    "case": {
        "status": ["New", "Active", "Closed", "Closed"],
        "severity": ["1", "3", None],
        "account": ["Acme", "Globex"],
        "gone": ["true", "false"],
        "created": [canonical_instant(BORN + timedelta(days=day)) for day in (-3, 0, 2)],
    },
    "link": {"linked": ["true"], "gone": ["true", "false"]},
    "bug": {"target": ["---", "", "4.12", "4.13", None], "status": ["NEW", "ASSIGNED"]},
}
TABLES = {"bug_steps": timedelta(hours=1), "bug_steps_by_day": timedelta(days=1)}


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY) as url:
        yield url


@st.composite
def told(draw):
    """A fact about one of three cases, their links to two bugs, or these bugs."""
    entity = draw(st.sampled_from(["case", "link", "bug"]))
    field = draw(st.sampled_from(sorted(VALUES[entity])))
    at = BORN + timedelta(
        hours=draw(st.integers(0, 9 * 24)), minutes=draw(st.sampled_from([0, 20]))
    )
    value = draw(st.sampled_from(VALUES[entity][field]))
    return entity, draw(st.integers(0, 2)), draw(st.integers(0, 1)), Fact(field, value, at)


_worlds = iter(range(10**9))


def observed(world: int, entity: str, case: int, bug: int, fact: Fact) -> Observation:
    keys = {
        "case": f"W{world}-{case}",
        "link": f"W{world}-{case}|bugzilla|{world}-{bug}",
        "bug": f"bugzilla|{world}-{bug}",
    }
    return Observation(1, keys[entity], (fact,), entity)


@settings(max_examples=100)
@given(
    linked=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=4, unique=True),
    facts=st.lists(told(), min_size=1, max_size=20),
    cuts=st.lists(st.integers(0, 20), max_size=6),
)
def test_after_any_loads_it_is_what_each_bug_says(desk, linked, facts, cuts):
    world = next(_worlds)
    born = Fact("created", canonical_instant(BORN), BORN)
    link = Fact("linked", "true", BORN + timedelta(hours=5, minutes=30))
    first = [Observation(1, f"W{world}-{case}", (born,)) for case in range(3)]
    take([*first, *(observed(world, "link", *which, link) for which in linked)])
    for start, end in pairwise(sorted({0, *cuts, len(facts)})):
        take([observed(world, *fact) for fact in facts[start:end]])
        told, said = kept(), expected()
        for table in TABLES:
            assert told[table] == said[table], table
    assert anew() == told


def take(records: list[Observation]) -> None:
    run_id = start_run("test", "bugs")
    with database.transaction() as connection:
        load(connection, run_id, "test", records)


def rows(connection) -> dict[str, dict]:
    return {
        level.table: {
            (severity, None if at == EVER else at): (unique, bare)
            for severity, at, unique, bare in connection.execute(
                text(f"select {', '.join((*level.key, *level.steps))} from {level.table}")
            )
        }
        for level in bug_steps.ROLL_UP.levels
    }


def kept() -> dict[str, dict]:
    with database.snapshot() as connection:
        return rows(connection)


def anew() -> dict[str, dict]:
    with database.engine().connect() as connection, connection.begin() as work:
        steps.fill(connection)
        told = rows(connection)
        work.rollback()
    return told


def expected() -> dict[str, dict]:
    """Each bug asked between any two instants at which something of it may change."""
    with database.snapshot() as connection:
        links = connection.execute(
            text("select l.key, l.linked_at, l.unlinked_at, v.valid_from, v.valid_to, v.severity"
                 " from case_bugs l join case_versions v using (case_number) where is_open")
        ).all()  # fmt: skip
        targets = connection.execute(
            text("select key, valid_from, valid_to from bug_versions where length(target) > 0"
                 " and target <> '---'")
        ).all()  # fmt: skip
    stepped = {table: Counter() for table in TABLES}, {table: Counter() for table in TABLES}
    for bug in {link.key for link in links}:
        spans = [
            (severity or 0, max(linked, start), min(unlinked or EVER, end))
            for key, linked, unlinked, start, end, severity in links
            if key == bug
        ]
        aims = [(start, end) for key, start, end in targets if key == bug]
        moments = sorted({moment for span in [*spans, *aims] for moment in span[-2:]})
        was = set(), set()
        for moment in moments:
            held = {one for one, start, end in spans if start <= moment < end}
            held |= {ANY_SEVERITY} if held else set()
            aimed = any(start <= moment < end for start, end in aims)
            now = held, set() if aimed else held
            for before, after, told in zip(was, now, stepped, strict=True):
                for table, length in TABLES.items():
                    at = None if moment == EVER else moment - (moment - BORN) % length
                    for severity in before ^ after:
                        told[table][severity, at] += 1 if severity in after else -1
            was = now
    unique, bare = stepped
    return {
        table: {
            key: both
            for key in {*unique[table], *bare[table]}
            if (both := (unique[table][key], bare[table][key])) != (0, 0)
        }
        for table in TABLES
    }
