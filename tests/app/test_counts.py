"""Counts in one statement are those of each View alone, at any instant and as of now."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.database import read
from app.metrics import COUNTS, count_values
from app.selection import count, counts
from app.version import data_version
from app.view import View
from etl.seed import seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database
LAST = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    with cloned(EMPTY):
        seed(400, 3, LAST)
        yield data_version()


views = st.builds(
    View,
    severity=st.sampled_from([(), (1,), (2, 3)]),
    escalated=st.sampled_from([(), ("yes",), ("no", "potential")]),
    bugs=st.sampled_from([(), ("none",), ("untargeted",)]),
    sla=st.sampled_from([(), ("ok", "breached")]),
    stale=st.sampled_from([None, 3]),
    state=st.sampled_from(["open", "closed", "all", "gone"]),
)
instants = st.one_of(
    st.just(LAST), st.integers(1, 900 * 24).map(lambda hours: LAST - timedelta(hours=hours))
)


@settings(max_examples=15)
@given(asked=st.lists(views, min_size=1, max_size=4), of=views, instant=instants)
def test_counts_at_once_are_those_of_each_view(world, asked, of, instant):
    live = world.live(instant)
    named = {f"n_{place}": view for place, view in enumerate(asked)}
    told = read(counts(named, instant, live=live)).iloc[0]
    for name, view in named.items():
        assert told[name] == read(count(view, instant)).iloc[0, 0], view
    values = count_values(of, instant, live=live)
    for metric in COUNTS:
        rows = metric.rows(of, instant)
        assert values[metric.name] == (read(count(rows, instant)).iloc[0, 0] if rows else 0)


def test_now_is_told_of_as_now(world):
    assert world.live(LAST), "nothing above was counted as of now"
