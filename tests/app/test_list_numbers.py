"""Every number on `/bugs`, `/quality` and `/trending` that leads to cases leads to as many."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import cache, database
from app.look import Look
from app.quality import LISTS
from app.ranking import Ranking
from app.selection import count
from app.version import data_version
from app.view import View
from pages import bugs, quality, trending
from tests import faulty
from tests.app.test_bug_ranking import views
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database
PAGES = {
    "bugs": lambda view: bugs.content(view, data_version(), Ranking()),
    "mismatches": lambda view: bugs.content(view, data_version(), Ranking(mismatch="yes")),
    **{
        name: lambda view, name=name: quality.content(view, data_version(), Look(name))
        for name in LISTS
    },
    "by product": lambda view: trending.content(view, data_version(), trending.Grouping()),
    "by account": lambda view: trending.content(view, data_version(), trending.Grouping("account")),
}


@pytest.fixture(scope="module", autouse=True)
def world(app):
    cache.breaker.reset()
    with cloned(EMPTY):
        faulty.fill(31, 80)
        with app.test_request_context("/"):
            from flask import g

            from app.auth.person import LOCAL

            g.person = LOCAL
            yield


def numbers(parts):
    """(number, address) of everything counted in a tree of components."""
    for part in parts if isinstance(parts, list | tuple) else [parts]:
        told = part.to_plotly_json()["props"] if hasattr(part, "to_plotly_json") else {}
        if "data-count" in told:
            yield int(told["data-count"]), told["children"].href
        elif told.get("children") is not None:
            yield from numbers(told["children"])


@settings(max_examples=8)
@given(view=views, day=st.integers(20, 120))
@pytest.mark.parametrize("name", PAGES)
def test_a_number_leads_to_as_many_cases(name, view, day):
    at = faulty.START + timedelta(days=day)
    view = view.but(as_of=at)
    for number, href in numbers(PAGES[name](view)):
        path, _, query = href.partition("?")
        assert path == "/cases"
        rows = database.read(count(View.from_query(query), at))["cases"].iloc[0]
        assert rows == number, (name, href)


def test_there_are_numbers():
    view = View(as_of=faulty.END, state="all")
    assert all(list(numbers(PAGES[name](view))) for name in ("bugs", "no_card", "by product"))
