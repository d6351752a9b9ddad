"""The cumulative flow says the same with its roll-up and without, whatever sources tell of a case."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import database
from app.panel import asked_of, frame
from app.panels import PANELS, cumulative
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
PANEL = PANELS["cumulative_flow"]

moments = st.sampled_from([None, canonical_instant(NOW + timedelta(minutes=10))]) | st.integers(
    -5 * 24 * 60, 30 * 24 * 60
).map(lambda minutes: canonical_instant(BORN + timedelta(minutes=minutes)))


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        yield


@st.composite
def told(draw):
    """What a source tells of a case: milestones before its creation, after its closing, to come."""
    minutes = st.integers(0, 18 * 24 * 60).map(lambda number: timedelta(minutes=number))
    born = BORN + draw(minutes)
    at = born + draw(minutes)
    facts = [Fact("created", canonical_instant(born), born)]
    facts += [Fact("severity", draw(st.sampled_from(["1", "2", None])), born)]
    facts += [Fact(name, draw(moments), at) for name in ("relief", "resolved", "closed")]
    facts += [Fact("status", draw(st.sampled_from(["New", "Closed"])), at)]
    facts += [Fact("gone", "true", at)] if draw(st.integers(0, 5)) == 0 else []
    return [fact for fact in facts if fact.at <= NOW]


_worlds = iter(range(10**9))


@settings(max_examples=25)
@given(
    cases=st.lists(told(), min_size=1, max_size=6),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"]),
    severity=st.sampled_from([(), (1,), (0, 2)]),
    first=st.integers(1, 21),
    days=st.integers(0, 21),
)
def test_the_roll_up_says_what_the_cases_say(desk, cases, zone, severity, first, days):
    world = next(_worlds)
    run_id = start_run("test", "stages")
    with database.transaction() as connection:
        load(
            connection,
            run_id,
            "test",
            [Observation(1, f"W{world}-{n}", tuple(facts)) for n, facts in enumerate(cases)],
        )
    start = midnight(date(2026, 3, 19) + timedelta(days=first), zone)
    end = midnight(date(2026, 3, 19) + timedelta(days=first + days), zone)
    period = Period(start, min(end, NOW) if days else NOW)
    scope = Scope.of(View(tz=zone, severity=severity), NOW, data_version(), period)
    scope = asked_of(PANEL, scope)
    assert scope.live
    assert "stage_steps" in str(PANEL.select(scope))
    short = records(frame(PANEL, scope))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cumulative, "rolls", lambda *_, **__: False)
        assert "stage_steps" not in str(PANEL.select(scope))
        assert short == records(frame(PANEL, scope))
