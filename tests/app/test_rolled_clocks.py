"""Clocks of the SLA out of the roll-up, at the very instants at which they pass their marks."""

import random
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise

import pytest
from sqlalchemy import text

from app import rolled
from app.added_up import whole_hour
from app.database import read, transaction
from app.days import counted
from app.metrics import CATALOGUE, count_values
from app.period import Period
from app.rows import records
from app.scope import Scope
from app.version import data_version
from app.versions import TICK
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 5, tzinfo=UTC)
# From when on: the targets of all, and those of one account.
POLICIES = {
    BORN: ((3, 5, 8, 12.5), (1, 2, 3, 4)),
    BORN + timedelta(days=9, hours=7, minutes=20): ((2, 6, 7.25, 30), (3, 3, 3, 3)),
    BORN + timedelta(days=15): ((4, 5, 6, 7), (0.5, 1, 1.5, 2)),
}
CLOCKS = [CATALOGUE["at_risk"], CATALOGUE["breached"]]
ADD = text("""
insert into sla_policies values (:at, jsonb_build_object(
    'days', cast(:days as jsonb), 'accounts', jsonb_build_object('Acme', cast(:own as jsonb))))
""")


# Whatever the cases tell of themselves they tell before.
TOLD_BY = BORN + timedelta(days=11)


def born():
    """Some cases: when created, of which severity and account."""
    chance = random.Random(7)
    for _ in range(40):
        created = BORN + timedelta(hours=chance.randrange(11 * 24), minutes=chance.choice((0, 41)))
        # Also so that a mark is passed with the last tick of an hour.
        created -= chance.choice((0, 1, 2)) * TICK
        yield created, chance.choice((1, 2, 3, 4, None)), chance.choice(("Acme", "Globex"))


def marks():
    """The instants at which anything changes: a clock passes a mark, a policy begins."""
    starts = [*POLICIES, datetime.max.replace(tzinfo=UTC)]
    for (start, end), (days, own) in zip(pairwise(starts), POLICIES.values(), strict=True):
        yield start
        for created, severity, account in born():
            if severity:
                target = timedelta(days=(own if account == "Acme" else days)[severity - 1])
                yield from (m for m in (created + target / 2, created + target) if start <= m < end)


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        with transaction() as connection:
            for at, (days, own) in POLICIES.items():
                connection.execute(ADD, {"at": at, "days": str([*days]), "own": str([*own])})
        run_id = start_run("test", "clocks")
        with transaction() as connection:
            load(connection, run_id, "test", list(observed()))
        assert all(span.rolled for span in data_version().policies)
        yield


def observed():
    for number, (created, severity, account) in enumerate(born()):
        told = {"created": canonical_instant(created), "severity": severity, "account": account}
        facts = [Fact(name, str(value), created) for name, value in told.items() if value]
        closed, raised = created + timedelta(days=3, minutes=number), created + timedelta(days=2)
        if number % 5 == 0 and closed < TOLD_BY:
            facts.append(Fact("status", "Closed", closed))
        if number % 7 == 0 and raised < TOLD_BY:
            facts.append(Fact("severity", "1", raised))
        yield Observation(1, f"C{number}", tuple(facts))


@pytest.mark.parametrize("ticks", [-1, 0, 1, 2])
def test_a_day_ends_with_what_the_catalogue_says_when_a_mark_is_passed(desk, ticks):
    """As of instants near it, and at the ends of the days and of the hour before it."""
    version, live = data_version(), 0
    for mark, severity in zip(sorted(set(marks())), cycle([(), (), (1,), (2, 3)]), strict=False):
        instant = mark + ticks * TICK
        view = View(severity=severity, as_of=instant)
        scope = Scope.of(view, instant, version, Period(instant - timedelta(days=3), None))
        ends = sorted({whole_hour(instant) - TICK, *scope.ends()})
        assert rolled.rolls(scope, ends)
        told = records(read(counted(CLOCKS)(scope, ends)))
        for end, row in zip(ends, told, strict=True):
            known = count_values(view.but(as_of=end), end)
            for clock in CLOCKS:
                assert row[clock.name] == known[clock.name], (clock.name, end, mark)
        live += scope.live
    assert live > 10
