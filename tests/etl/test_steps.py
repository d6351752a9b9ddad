"""Spells and the roll-ups after any loads: what they would be if all were derived anew."""

from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import database
from etl.history import bug_steps, counts, stages, steps, values
from etl.history.spells import SAME
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = {
    "case": {
        "status": ["New", "Active", "Closed"],
        "severity": ["1", "3", None],
        "crit_sit": ["true", "false"],
        "escalated": ["yes", "no"],
        "account": ["Acme", "Globex", None],
        "owner": ["Ann", None],
        "product": ["Tape", "Disk"],
        # Also before the creation, and after the closing.
        "relief": ["2025-12-30T00:00:00+00:00", "2026-01-09T10:30:00+00:00", None],
        "resolved": ["2026-01-05T06:00:00+00:00", "2026-02-01T00:00:00+00:00", None],
        "closed": ["2025-12-31T00:00:00+00:00", "2026-01-15T12:00:00+00:00", None],
        "gone": ["true", "false"],
        "summary": ["a", "b"],
    },
    "link": {"linked": ["true"], "gone": ["true", "false"]},
    "bug": {"target": ["---", "4.12", None], "status": ["NEW", "ON_QA"]},
}
LEVELS = [level for roll_up in steps.ROLL_UPS for level in roll_up.levels]
ALL = [f"select * from {level.table} order by {', '.join(level.key)}" for level in LEVELS]
# What adds up to nothing, and within what; the reasons for a step do not.
WHOLE = {
    "counts": f"select {', '.join(f'sum({one})' for one in ('step + lasting', *counts.COUNTS))}"
    " from {table}",
    "values": "select distinct sum(step) from {table} group by field, value",
    "stages": f"select {', '.join(f'sum({one})' for one in stages.STEPS)} from {{table}}",
    "bugs": f"select {', '.join(f'sum({one})' for one in bug_steps.STEPS)} from {{table}}"
    " group by severity",
}


# Targets of days that end within the three weeks, so that clocks pass their marks.
POLICIES = (
    '{"days": [4, 8.5, 12, 0.01], "accounts": {}}',
    '{"days": [2, 4, 30, 0.3], "accounts": {"Acme": [1.25, 5, 7, 2]}}',
)
ADD_POLICY = """
insert into sla_policies values (:at, cast(:policy as jsonb)) on conflict do nothing
"""


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY) as url:
        yield url


@st.composite
def told(draw):
    """A fact about one of three cases, of their links to two bugs or of these, in three weeks."""
    entity = draw(st.sampled_from(["case", "case", "link", "bug"]))
    field = draw(st.sampled_from(sorted(VALUES[entity])))
    at = BORN + timedelta(hours=draw(st.integers(0, 21 * 24)), minutes=draw(st.integers(0, 59)))
    case = draw(st.integers(0, 2))
    bug = draw(st.integers(1, 2))
    fact = Fact(field, draw(st.sampled_from(VALUES[entity][field])), at, draw(st.integers(0, 1)))
    return entity, case, bug, fact


_worlds = iter(range(10**9))


@settings(max_examples=60)
@given(
    facts=st.lists(told(), min_size=1, max_size=25),
    cuts=st.lists(st.integers(0, 25), max_size=4),
    planned=st.lists(
        st.tuples(st.integers(0, 25 * 24 * 60), st.sampled_from(POLICIES)), max_size=4
    ),
)
def test_after_any_loads_it_is_what_all_versions_say(desk, facts, cuts, planned):
    world = next(_worlds)
    new_policies = iter(sorted(planned, key=lambda told: told[0]))
    with database.transaction() as connection:
        connection.execute(text("delete from sla_policies"))
        steps.fill(connection)
    born = Fact("created", canonical_instant(BORN), BORN)
    take([observed(world, "case", case, 0, born) for case in range(3)])
    for start, end in pairwise(sorted({0, *cuts, len(facts)})):
        add_policy(next(new_policies, None))
        take([observed(world, *fact) for fact in facts[start:end]])
    # A load that told nothing new has learned no policy either.
    last = Fact("summary", "c", BORN + timedelta(days=25))
    take([observed(world, "case", 0, 0, last)])
    assert_spells_are_what_the_versions_say(f"W{world}-%")
    kept, anew = compared()
    assert kept == anew
    with database.snapshot() as connection:
        rooms = {"counts": counts, "values": values, "stages": stages, "bugs": bug_steps}
        for told, room in rooms.items():
            for level in room.ROLL_UP.levels:
                asked = text(WHOLE[told].format(table=level.table))
                found = connection.execute(asked).all()
                assert {number for row in found for number in row} <= {0}, level.table


def observed(world: int, entity: str, case: int, bug: int, fact: Fact) -> Observation:
    keys = {"case": f"W{world}-{case}", "bug": f"bugzilla|{world}-{bug}"}
    keys["link"] = f"{keys['case']}|{keys['bug']}"
    return Observation(1, keys[entity], (fact,), entity)


def add_policy(told: tuple[int, str] | None) -> None:
    """Write down a policy, which the next load is to learn."""
    if told is not None:
        with database.transaction() as connection:
            given_ = {"at": BORN + timedelta(minutes=told[0]), "policy": told[1]}
            connection.execute(text(ADD_POLICY), given_)


def take(records: list[Observation]) -> None:
    run_id = start_run("test", "steps")
    with database.transaction() as connection:
        load(connection, run_id, "test", records)


def assert_spells_are_what_the_versions_say(cases: str) -> None:
    """A version begins a spell where one of its values is not that of the version before."""
    asked = f"select {SAME}, case_number, valid_from, spell_to from case_versions"
    with database.snapshot() as connection:
        found = connection.execute(
            text(f"{asked} where case_number like :cases order by case_number, valid_from"),
            {"cases": cases},
        ).all()
    for _, versions in groupby(found, lambda version: version.case_number):
        until = datetime.max.replace(tzinfo=UTC)
        for version, before in pairwise([*reversed(list(versions)), None]):
            begins = before is None or version[:-3] != before[:-3]
            assert version.spell_to == (until if begins else None)
            until = version.valid_from if begins else until


def compared() -> tuple[list, list]:
    """The rows as the loads have left them, and as they are derived from all versions."""
    with database.engine().connect() as connection, connection.begin() as work:
        kept = [connection.execute(text(table)).all() for table in ALL]
        steps.fill(connection)
        anew = [connection.execute(text(table)).all() for table in ALL]
        work.rollback()
    return kept, anew
