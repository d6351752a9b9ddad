"""Daily milestones as of past instants: what the versions of the cases say, one by one."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.database import read, transaction
from app.panel import asked_of, frame
from app.panels import PANELS
from app.period import Period, local_day
from app.rows import records
from app.scope import Scope
from app.version import data_version
from app.versions import V
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 5, tzinfo=UTC)
PANEL = PANELS["daily_milestones"]
MILESTONES = ("relief", "resolved", "closed")
_worlds = iter(range(10**9))


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        yield


def moments():
    return st.integers(1, 20 * 24).map(lambda hours: BORN + timedelta(hours=hours))


# In any order: also relief and resolution that come after the closing.
courses = st.fixed_dictionaries(
    {
        "relief": st.none() | moments(),
        "resolved": st.none() | moments(),
        "closed": st.none() | moments(),
        "reopened": st.none() | moments(),
    }
)


def observed(number: str, course: dict) -> Observation:
    said = {"relief": None, "resolved": None, "closed": "Closed", "reopened": "Active"}
    facts = [Fact("created", canonical_instant(BORN), BORN), Fact("status", "New", BORN)]
    facts += [
        Fact("status", status, at) if status else Fact(name, canonical_instant(at), at)
        for name, status in said.items()
        if (at := course[name])
    ]
    return Observation(1, number, tuple(facts))


@settings(max_examples=40)
@given(
    told=st.lists(courses, min_size=1, max_size=8),
    start=st.integers(0, 15),
    length=st.integers(1, 240),
    zone=st.sampled_from(["UTC", "Asia/Kolkata"]),
)
def test_a_day_tells_who_had_reached_what_by_the_instant(desk, told, start, length, zone):
    world = next(_worlds)
    run_id = start_run("test", "milestones")
    with transaction() as connection:
        cases = [observed(f"M{world}-{n}", course) for n, course in enumerate(told)]
        load(connection, run_id, "test", cases)
    begun = BORN + timedelta(days=start)
    instant = begun + timedelta(hours=length, minutes=7)
    scope = Scope.of(View(tz=zone), instant, data_version(), Period(begun, instant))
    rows = records(frame(PANEL, asked_of(PANEL, scope)))
    standing = read(select(V).where(V.valid_from <= instant, V.valid_to > instant, ~V.gone))
    days: dict = {}
    for case in records(standing):
        reached = {
            "relief": case["relief_at"],
            "resolved": case["resolved_at"],
            "closed": None if case["is_open"] else case["closed_at"],
        }
        for name, at in reached.items():
            if at and begun <= at <= instant:
                took = (at - case["created_date"]) / timedelta(days=1)
                days.setdefault((local_day(at, zone), name), []).append(took)
    for row in rows:
        for name in MILESTONES:
            known = days.pop((row["day"], name), [])
            assert row[f"{name}_n"] == len(known)
            assert row[f"{name}_median"] == (pytest.approx(median(known)) if known else None)
    assert not days
