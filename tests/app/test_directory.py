"""Accounts and engineers: every number of the index is the catalogue's, and leads to its rows."""

from datetime import timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import cache
from app.caselists import AT_RISK, NEW, OF_ENGINEER, listed
from app.directory import CLOSED, directory, rows_of
from app.kpis import kpis, weekly
from app.metrics import COUNTS, count_values
from app.scope import Scope
from app.version import data_version
from app.view import View
from app.who import ACCOUNTS, ENGINEERS
from tests import replay
from tests.app.test_agreement import instants, number, views

pytestmark = pytest.mark.database

TARGETS = {1: 14, 2: 20, 3: 90, 4: 180}
kinds = st.sampled_from([ACCOUNTS, ENGINEERS])


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


def scope_of(view: View) -> Scope:
    return Scope.of(view, view.as_of)


@settings(max_examples=25)
@given(view=views, who=kinds)
def test_the_numbers_of_the_index_are_those_of_the_catalogue(log, view, who):
    entries = directory(who, scope_of(view), data_version())
    assert len({entry.name for entry in entries}) == len(entries)
    whole = count_values(view.only_filters(), view.as_of)
    for metric in COUNTS:
        if entries and metric.name in entries[0].counts:
            assert sum(entry.counts[metric.name] for entry in entries) == whole[metric.name]
    for entry in entries[:2] + entries[-1:]:
        own = view.but(**{who.field: (entry.name,)})
        told = count_values(own, view.as_of)
        assert {name: told[name] for name in entry.counts} == entry.counts
    order = [entry.counts["open_cases"] for entry in entries]
    assert order == sorted(order, reverse=True)


@settings(max_examples=15)
@given(view=views, who=kinds)
def test_every_number_of_the_index_leads_to_its_rows(log, view, who):
    scope = scope_of(view)
    for entry in directory(who, scope, data_version())[:3]:
        for name, rows in rows_of(entry.name, who, scope).items():
            told = entry.closed if name == CLOSED else entry.counts[name]
            if rows is None:
                assert told == 0
            else:
                assert number(View.from_query(rows.to_query())) == told, name


@settings(max_examples=10)
@given(instant=instants)
def test_the_median_is_that_of_the_cases_closed_within_a_year(log, instant):
    expected: dict[str, list[float]] = {}
    for case in replay.incidents().values():
        row = case.state(instant)
        if row is None or row.state != "Closed":
            continue
        closed = [at for at in case.closings() if at <= instant][-1]
        if closed > instant - timedelta(days=365):
            days = (closed - case.opened).total_seconds() / 86_400
            expected.setdefault(row.account or "", []).append(days)
    entries = directory(ACCOUNTS, scope_of(View(as_of=instant)), data_version())
    found = {entry.name: entry for entry in entries if entry.closed}
    assert {name: len(days) for name, days in expected.items()} == {
        name: entry.closed for name, entry in found.items()
    }
    for name, days in expected.items():
        assert found[name].median == pytest.approx(median(days))


@settings(max_examples=20)
@given(instant=instants, severity=st.sampled_from([(), (1, 2), (3,)]))
def test_what_runs_out_of_time_agrees_with_plain_python(log, instant, severity):
    expected = []
    for case, row in replay.open_rows(instant).items():
        opened, target = replay.incidents()[case].opened, timedelta(days=TARGETS[row.severity])
        if (not severity or row.severity in severity) and instant > opened + target / 2:
            breach = opened + target
            expected.append((breach <= instant, abs(breach - instant), case, breach))
    expected.sort()
    found = listed(AT_RISK, scope_of(View(as_of=instant, severity=severity)), data_version())
    assert found.cases == len(expected)
    assert [(row["number"], row["breach"]) for row in found.rows] == [
        (case, breach) for _, _, case, breach in expected[:10]
    ]
    over = sum(1 for one in expected if one[0])
    assert found.parts["breached"][0] == over
    assert found.parts["at risk"][0] == len(expected) - over
    for told, rows in found.parts.values():
        assert number(View.from_query(rows.to_query())) == told


@settings(max_examples=20)
@given(view=views)
def test_a_list_has_as_many_cases_as_its_view(log, view):
    version = data_version()
    for case_list in (AT_RISK, NEW, OF_ENGINEER):
        found = listed(case_list, scope_of(view.only_filters()), version)
        assert len(found.rows) == min(found.cases, case_list.size)
        if found.view is not None:
            assert number(View.from_query(found.view.to_query())) == found.cases
        for told, rows in found.parts.values():
            assert number(rows) == told


@settings(max_examples=15)
@given(instant=instants)
def test_the_newest_come_first(log, instant):
    opened = {case.number: case.opened for case in replay.incidents().values()}
    fresh = {n: at for n, at in opened.items() if instant - timedelta(days=7) < at <= instant}
    found = listed(NEW, scope_of(View(as_of=instant)), data_version())
    assert found.cases == len(fresh)
    ordered = sorted(fresh, key=lambda n: (-fresh[n].timestamp(), n))
    assert [row["number"] for row in found.rows] == ordered[:10]


@settings(max_examples=15)
@given(view=views)
def test_the_tiles_of_the_sla_are_what_the_table_shows_week_by_week(log, view):
    asked = view.but(q="", as_of=None)
    for kpi in kpis(("at_risk", "breached"), Scope.of(asked, view.as_of), data_version()):
        for instant, value in list(zip(weekly(view.as_of), kpi.values, strict=True))[-3:]:
            assert count_values(asked, instant)[kpi.metric.name] == value
