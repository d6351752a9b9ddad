"""How many cases there were at an instant, told by what came and went, is how many versions say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from app import database
from app.selection import by_events, count
from app.versions import TICK, V
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
ALL = View(state="all")
# The days after its creation on which a case is gone, and comes back; 0 is the same instant.
stays = st.lists(st.integers(0, 6), max_size=4, unique=True).map(sorted)


def history(number: int, moves: list[int]) -> Observation:
    facts = [Fact("created", canonical_instant(BORN), BORN), Fact("status", "New", BORN)]
    for place, day in enumerate(moves):
        gone = "false" if place % 2 else "true"
        facts.append(Fact("gone", gone, BORN + timedelta(days=day)))
    facts.append(Fact("status", "Closed", BORN + timedelta(days=5)))
    return Observation(number, f"C{number:05d}", tuple(facts))


def versions_at(instant: datetime) -> int:
    """As the versions in force say, one by one."""
    known = select(func.count()).where(V.valid_from <= instant, V.valid_to > instant, ~V.gone)
    return database.fetch_rows(known)[0][0]


@settings(max_examples=15)
@given(cases=st.lists(stays, max_size=12))
def test_events_tell_how_many_cases_there_were(cases):
    with cloned(EMPTY):
        told = [history(number, moves) for number, moves in enumerate(cases)]
        with database.transaction() as connection:
            load(connection, start_run("test", "existing"), "test", told)
        for day in range(-1, 8):
            for moment in (-TICK, timedelta(), TICK):
                instant = BORN + timedelta(days=day) + moment
                assert database.fetch_rows(count(ALL, instant)) == [(versions_at(instant),)]


def test_only_all_cases_of_a_past_instant_are_told_so():
    assert by_events(ALL, live=False)
    assert not by_events(ALL, live=True)
    for view in (View(), View(state="closed"), View(state="all", q="a"), View(state="all", severity=(1,))):  # fmt: skip
        assert not by_events(view, live=False)


def test_they_are_read_off_their_index(log):
    with database.snapshot() as connection:
        for way in ("seqscan", "bitmapscan"):
            connection.execute(text(f"set local enable_{way} = off"))
        asked = count(ALL, BORN).compile(connection)
        plan = connection.exec_driver_sql(f"explain {asked}", dict(asked.params)).scalars().all()
    read = [line for line in plan if "Scan" in line]
    assert len(read) == 3
    assert all("Index Only Scan using ix_case_versions_event" in line for line in read), read
