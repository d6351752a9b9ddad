"""A facet's count is the number of rows that choosing its value shows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import cache, database
from app.facets import ALONE, TOGETHER, facets, number_of_rows, values_of
from app.selection import count
from app.version import data_version
from app.view import View
from tests.app.test_agreement import views

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


def number(view: View, instant) -> int:
    return int(database.read(count(view, instant))["cases"].iloc[0])


def chosen(view: View, name: str, value: str) -> View:
    return view.but(**{name: View.from_values({name: [value]}).__getattribute__(name)})


@settings(max_examples=40)
@given(view=views, places=st.lists(st.integers(0, 400), min_size=3, max_size=3))
def test_a_facet_s_count_is_the_count_after_choosing_it(log, view, places):
    version = data_version()
    told = facets(view, view.as_of, version)
    assert number_of_rows(view, view.as_of, version) == number(view, view.as_of)
    for name in TOGETHER:
        if name in {"sla", "waiting_on"}:
            values = [pair for pair in told[name] if pair[0]]
        else:
            values = told[name]
        for place in places:
            if values:
                value, cases = values[place % len(values)]
                assert number(chosen(view, name, value), view.as_of) == cases, (name, value)


@settings(max_examples=15)
@given(view=views)
def test_so_are_the_counts_of_fields_asked_alone(log, view):
    version = data_version()
    for name in ALONE:
        for value, cases in values_of(view, view.as_of, version, name)[:3]:
            assert number(chosen(view, name, value), view.as_of) == cases, (name, value)
