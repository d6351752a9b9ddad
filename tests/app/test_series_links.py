"""Numbers at many instants under filters by what comes and goes: named bugs, second cards."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import database
from app.board import Board
from app.metrics import CATALOGUE
from app.selection import count
from app.series import series
from app.view import View
from tests import faulty
from tests.app.test_bug_ranking import chosen
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database
COUNTS = [
    CATALOGUE[name] for name in ("open_cases", "no_updates", "closed_last_week", "high_priority")
]

views = st.builds(
    View,
    severity=chosen(1, 2, 3, most=1),
    card=chosen("none", "open", "done", "several", most=3),
    bug=chosen("5001", "5003", "BUG-2", "BUG-4", "", most=3),
    bugs=chosen("none", "untargeted", "any", most=2),
)


@pytest.fixture(scope="module", autouse=True)
def world():
    with cloned(EMPTY):
        faulty.fill(21, 80)
        yield


@settings(max_examples=40)
@given(view=views, places=st.lists(st.integers(0, 119), min_size=2, max_size=6, unique=True))
def test_each_number_is_that_of_its_table(view, places):
    instants = [faulty.START + timedelta(days=place, minutes=7) for place in sorted(places)]
    found = database.read(series(view, Board.at(instants[-1]), COUNTS, instants))
    for place, instant in enumerate(instants):
        for metric in COUNTS:
            rows = metric.rows(view, instant)
            wanted = 0 if rows is None else database.read(count(rows, instant))["cases"].iloc[0]
            assert found[metric.name].iloc[place] == wanted, (metric.name, instant)
