"""A new SLA policy counts from now on: finished cases keep theirs, a past instant goes by its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import days, sla
from app.cli import main
from app.database import read, transaction
from app.metrics import COUNTS, count_values
from app.period import Period
from app.rows import records
from app.scope import Scope
from app.selection import rows
from app.settings import get_settings, use
from app.version import data_version
from app.view import View
from etl import schedule
from etl.history import policies
from etl.seed import seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
CHANGED = datetime(2026, 4, 15, 13, 20, tzinfo=UTC)


def written():
    with transaction() as connection:
        return connection.execute(text("select policy from sla_policies order by valid_from")).all()


def days_of(policy):
    return policy[0]["days"]


def set_policy(told):
    use({"CASEBOARD_SLA": told})
    get_settings.cache_clear()


def test_a_new_policy_is_written_down_once_by_whoever_goes_on(empty, capsys):
    assert main(["db", "upgrade"]) == 0
    assert [days_of(one) for one in written()] == [[14, 20, 90, 180]]
    before = data_version()
    schedule.tick()
    assert len(written()) == 1
    set_policy("10,20,90,180")
    schedule.tick()
    schedule.tick()
    assert [days_of(one) for one in written()] == [[14, 20, 90, 180], [10, 20, 90, 180]]
    assert data_version().number == before.number + 1
    set_policy("14,20,90,180")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sla.keep(), range(8)))
    assert len(written()) == 3
    capsys.readouterr()


@pytest.fixture(scope="module", params=["rolled", "not yet rolled"])
def changed(request) -> Iterator[None]:
    """A seeded world whose policy was changed at `CHANGED`."""
    with cloned(EMPTY):
        seed(300, 9, UNTIL)
        with transaction() as connection:
            sla.record(connection)
            connection.execute(text("update sla_policies set valid_from = '2020-01-01Z'"))
            connection.execute(
                text("insert into sla_policies select :at, cast(:policy as jsonb)"),
                {"at": CHANGED, "policy": '{"days": [60, 90, 300, 900], "accounts": {}}'},
            )
            connection.execute(text(sla.BUMP))
            if request.param == "rolled":
                policies.learn(connection)
        rolled = {span.rolled for span in data_version().policies}
        assert rolled == {request.param == "rolled"}
        yield


def states(instant, state="all"):
    view = View(
        state=state, as_of=instant, columns=("number", "severity", "created", "closed", "sla")
    )
    return {row["number"]: row for row in records(read(rows(view, instant)))}


def judged(row, at, targets):
    """The state of a case by an independent reckoning."""
    if row["severity"] is None:
        return None
    end = row["closed"] or at
    elapsed = (end - row["created"]) / timedelta(days=1)
    target = targets[int(row["severity"]) - 1]
    return "breached" if elapsed >= target else "at_risk" if elapsed > target / 2 else "ok"


OLD, NEW = (14, 20, 90, 180), (60, 90, 300, 900)


@settings(max_examples=25)
@given(minutes=st.integers(-90 * 1440, 45 * 1440))
def test_each_case_goes_by_the_policy_of_its_closing_or_of_the_instant(changed, minutes):
    instant = CHANGED + timedelta(minutes=minutes)
    for number, row in states(instant).items():
        end = row["closed"] or instant
        assert row["sla"] == judged(row, instant, OLD if end < CHANGED else NEW), number


def test_finished_cases_keep_their_state_and_past_instants_their_policy(changed):
    before = states(CHANGED - timedelta(seconds=1), "closed")
    after = states(UNTIL)
    kept = [n for n, row in before.items() if n in after and after[n]["closed"] == row["closed"]]
    assert len(kept) > 50
    assert all(after[number]["sla"] == before[number]["sla"] for number in kept)
    # Of what is open, some is judged differently the moment that the policy changes.
    earlier, later = states(CHANGED - timedelta(seconds=1), "open"), states(CHANGED, "open")
    assert any(earlier[n]["sla"] != later[n]["sla"] for n in earlier.keys() & later.keys())


@settings(max_examples=12)
@given(
    asked=st.lists(st.sampled_from(["ok", "at_risk", "breached"]), max_size=2),
    severity=st.sampled_from([(), (1, 2), (3,)]),
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "Pacific/Kiritimati"]),
)
def test_daily_counts_agree_with_as_of_counts_across_the_change(changed, asked, severity, zone):
    view = View(sla=tuple(sorted(set(asked))), severity=severity, tz=zone)
    instant = CHANGED + timedelta(days=3)
    scope = Scope.of(view, instant, period=Period(CHANGED - timedelta(days=3), instant))
    told = records(read(days.catalogued(scope)))
    for row, end in zip(told, scope.ends(), strict=True):
        values = count_values(view.but(as_of=end), end)
        assert {metric.name: row[metric.name] for metric in COUNTS} == values, end


def test_the_clock_of_a_case_names_its_policy(changed, client):
    closed = next(
        n for n, r in states(UNTIL, "closed").items() if r["closed"] < CHANGED and r["severity"]
    )
    opened = next(n for n, r in states(UNTIL, "open").items() if r["severity"])
    assert "14, 20, 90, 180 days" in page(client, closed)
    assert "after it was closed" in page(client, closed)
    assert "60, 90, 300, 900 days" in page(client, opened)
    assert "in force since 2026-04-15 13:20" in page(client, opened)
    past = CHANGED - timedelta(minutes=1)
    opened = next(n for n, r in states(past, "open").items() if r["severity"])
    assert "in force from the start" in page(client, opened, past)


def page(client, number, instant=UNTIL):
    """The text of a case's page."""
    from pages import case

    view = View(as_of=instant)
    shown = case.content(view, data_version(), number)
    return " ".join(texts(shown))


def texts(part):
    if isinstance(part, str):
        yield part
    elif isinstance(part, list | tuple):
        for one in part:
            yield from texts(one)
    elif hasattr(part, "children"):
        yield from texts(part.children)
