"""Bugs behind open cases are the same with their roll-up and without, whatever sources tell."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import database, days
from app.panel import asked_of, frame
from app.panels import PANELS
from app.period import Period, midnight
from app.rows import records
from app.scope import Scope
from app.version import data_version
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 3, 20, tzinfo=UTC)
NOW = datetime(2026, 4, 10, 9, 30, tzinfo=UTC)
PANEL = PANELS["bugs_behind"]
VALUES = {
    "case": {"status": ["New", "Closed"], "severity": ["1", "2", None]},
    "link": {"linked": ["true"], "gone": ["true", "false"]},
    "bug": {"target": ["---", "4.12", "4.13"]},
}


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        yield


@st.composite
def told(draw):
    """What is told of one of three cases, of their links to two bugs or of these, until now."""
    entity = draw(st.sampled_from(["case", "link", "link", "bug"]))
    field = draw(st.sampled_from(sorted(VALUES[entity])))
    value = draw(st.sampled_from(VALUES[entity][field]))
    at = NOW - timedelta(minutes=draw(st.integers(0, 21 * 24 * 60) | st.integers(0, 40)))
    which = draw(st.integers(0, 2)), draw(st.integers(0, 1))
    return entity, which, Fact(field, value, at)


_worlds = iter(range(10**9))


def take(world, facts):
    run_id = start_run("test", "bugs")
    keys = {"case": "W{0}-{1}", "link": "W{0}-{1}|bugzilla|{0}-{2}", "bug": "bugzilla|{0}-{2}"}
    records = [
        Observation(1, keys[entity].format(world, *which), (fact,), entity)
        for entity, which, fact in facts
    ]
    with database.transaction() as connection:
        load(connection, run_id, "test", records)


@settings(max_examples=40)
@given(
    facts=st.lists(told(), max_size=12),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Pago_Pago", "Asia/Kolkata"]),
    severity=st.sampled_from([(), (), (0,), (1,), (2,), (1, 2)]),
    first=st.integers(1, 21),
    before=st.sampled_from([0, 0, 10, 30, 60, 90, 24 * 60]) | st.integers(0, 5 * 24 * 60),
)
def test_the_roll_up_says_what_the_links_say(desk, facts, zone, severity, first, before):
    world = next(_worlds)
    born = Fact("created", canonical_instant(BORN), BORN)
    links = [("link", (n, 0), Fact("linked", "true", BORN + timedelta(days=n))) for n in range(3)]
    take(world, [("case", (n, 0), born) for n in range(3)])
    take(world, [*links, *facts])
    # The last instant of an hour, or one in its midst.
    instant = NOW - timedelta(minutes=before, microseconds=before and 1)
    start = min(midnight(date(2026, 3, 19) + timedelta(days=first), zone), instant)
    scope = Scope.of(View(tz=zone, severity=severity), instant, data_version(), Period(start))
    scope = asked_of(PANEL, scope)
    whole = zone != "Asia/Kolkata" or len(scope.days()) == 1
    ends_hour = before and (NOW.minute - before) % 60 == 0
    # Of an instant in the midst of an hour bugs are counted, of the days before it they are told.
    told_whole = scope.live or ends_hour or len(scope.days()) > 1
    rolls = whole and len(severity) < 2 and told_whole
    assert ("bug_steps" in str(PANEL.select(scope))) == bool(rolls)
    short = records(frame(PANEL, scope))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "rolls_bugs", lambda *_: False)
        assert "bug_steps" not in str(PANEL.select(scope))
        assert short == records(frame(PANEL, scope))
    assert severity or start > BORN + timedelta(days=2) or max(row["bugs_unique"] for row in short)


def test_a_board_is_not_live_before_what_came_of_bugs_alone(desk):
    """No case tells anew that a bug was linked to it, or got a target."""
    world, at = next(_worlds), datetime(2026, 5, 1, 10, tzinfo=UTC)
    take(world, [("case", (0, 0), Fact("created", canonical_instant(at), at))])
    linked, aimed = at + timedelta(minutes=20), at + timedelta(minutes=40)
    for came, entity, fact, stepped in (
        (linked, "link", Fact("linked", "true", linked), (1, 1, -1)),
        (aimed, "bug", Fact("target", "4.12", aimed), (0, -1, 0)),
    ):
        take(world, [(entity, (0, 0), fact)])
        version = data_version()
        assert version.latest == came
        numbers = []
        for instant in (came - timedelta(minutes=1), came):
            scope = Scope.of(View(), instant, version, Period(at))
            assert scope.live == (instant == came)
            [bugs] = records(frame(PANEL, scope))
            [cases] = records(frame(PANELS["attention"], scope))
            numbers.append((bugs["bugs_unique"], bugs["bugs_no_target"], cases["no_bugs"]))
        before, after = numbers
        assert tuple(now - then for then, now in zip(before, after, strict=True)) == stepped
