"""A stored day is compared for ever after: what was learned since shows with both values."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app import database
from app.auth.person import Person
from app.metric_values import same
from app.metrics import board_values
from app.mutes import mute
from app.quality import LISTS
from app.quality.answers import entries
from app.scope import Scope
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import finish_run, start_run
from tests.sync.conftest import Desk

pytestmark = pytest.mark.database


def yesterday() -> datetime:
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)


def told() -> dict[str, str]:
    now = datetime.now(UTC)
    with database.snapshot() as connection:
        rows = database.plain(connection, entries(LISTS["restated"], Scope.of(View(), now)))
    return {row["subject"]: row["told"] for row in rows}


def learn(*records: Observation) -> None:
    run_id = start_run("late", "late")
    with database.transaction() as connection:
        load(connection, run_id, "late", records)
        finish_run(connection, run_id)


def late_case(number: str, at: datetime) -> Observation:
    facts = (
        Fact("created", canonical_instant(at), at),
        Fact("status", "Waiting on Red Hat", at),
        Fact("severity", "2", at),
        Fact("account", "Latecomer", at),
    )
    return Observation(1, number, facts)


def snapshot(desk: Desk) -> None:
    ran = desk.run("snapshot")
    assert ran.state == "finished", ran.error


@pytest.fixture
def desk(filled: Desk) -> Desk:
    """A board that knows its sources."""
    return filled


def test_what_comes_late_restates_the_days_that_it_is_about(desk: Desk):
    snapshot(desk)
    assert told() == {}
    day = (yesterday() - timedelta(days=1)).date()
    before = board_values(yesterday())["open_cases"]["value"]

    learn(late_case("99999999", yesterday() - timedelta(hours=5)))
    assert told() == {}
    snapshot(desk)
    found = told()
    words = found[f"{day} open_cases"]
    assert words.startswith(f"On {day} open_cases was {before}, is {before + 1}; learned since: ")
    assert found[f"{day} high_priority"]
    assert "Latecomer 0, is 1" in found[f"{day} by_account"]
    assert f"{day} closed_last_day" not in found
    values = board_values(yesterday())
    stored = {
        row.metric: row.value
        for row in desk.rows("select metric, value from metric_snapshots where day = :d", d=day)
    }
    wanted = {name for name in stored if not same(stored[name], values[name])}
    assert {subject.split()[1] for subject in found} == wanted

    facts = desk.value("select facts from snapshot_checks where day = :d", d=day)
    assert facts == desk.value(
        "select count(*) from changes c where at <= :end and learned_at > "
        "(select max(taken_at) from metric_snapshots where day = :d)",
        d=day,
        end=yesterday(),
    )


def test_what_happens_later_restates_nothing(desk: Desk):
    snapshot(desk)
    learn(late_case("99999999", yesterday() + timedelta(seconds=1)))
    snapshot(desk)
    assert told() == {}


def test_what_is_as_it_was_again_is_no_longer_restated(desk: Desk):
    snapshot(desk)
    at = yesterday() - timedelta(hours=5)
    learn(late_case("99999999", at))
    snapshot(desk)
    assert told()
    gone = Fact("gone", "true", at + timedelta(seconds=1))
    learn(Observation(1, "99999999", (gone,)))
    snapshot(desk)
    left = told()
    assert not any(subject.endswith("open_cases") for subject in left)


def test_an_old_day_is_compared_when_facts_about_it_come(desk: Desk):
    snapshot(desk)
    with database.transaction() as connection:
        connection.execute(
            text(
                "insert into metric_snapshots (day, metric, value, version, taken_at) "
                "select day - 40, metric, value, version, taken_at - interval '40 days' "
                "from metric_snapshots"
            )
        )
    snapshot(desk)
    old = (yesterday() - timedelta(days=41)).date()
    assert desk.value("select count(*) from snapshot_checks where day = :d", d=old) == 1
    # Its values are made up: those of another day.
    assert any(subject.startswith(str(old)) for subject in told())
    before = desk.value("select checked_at from snapshot_checks where day = :d", d=old)
    snapshot(desk)
    assert desk.value("select checked_at from snapshot_checks where day = :d", d=old) == before
    learn(late_case("99999999", yesterday() - timedelta(days=60)))
    snapshot(desk)
    assert desk.value("select checked_at from snapshot_checks where day = :d", d=old) > before


def test_a_restatement_is_dismissed_by_a_mute(desk: Desk):
    snapshot(desk)
    learn(late_case("99999999", yesterday() - timedelta(hours=5)))
    snapshot(desk)
    subject = next(iter(told()))
    until = datetime.now(UTC) + timedelta(days=9)
    mute(Person("ed", "Ed", None, "editor"), "restated", subject, "known: a late import", until)
    assert subject not in told()


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_a_value_is_the_same_as_itself(value):
    assert same(value, value)


def test_small_differences_of_sums_are_none_and_others_are():
    assert same({"a": [0.1 + 0.2]}, {"a": [0.3]})
    assert not same({"a": [0.3]}, {"a": [0.3001]})
    assert not same({"a": 1}, {"a": 1, "b": 1})
    assert not same([1, 2], [1])
    assert not same(1, "1")
    assert not same(1.5, None)
