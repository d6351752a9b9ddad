"""A block of the grid, from wherever it is asked, holds the rows that the whole table has there."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import cache, database
from app.block import block
from app.selection import rows
from app.version import data_version
from tests.app.test_agreement import views

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


@settings(max_examples=80)
@given(
    view=views,
    size=st.integers(1, 120),
    starts=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    live=st.booleans(),
)
def test_blocks_are_the_stretches_of_the_table(log, view, size, starts, live):
    if live:
        view = view.but(as_of=None)
    instant = view.as_of or datetime(2026, 1, 1, tzinfo=UTC)
    whole = database.records(database.read(rows(view, instant)))
    version = data_version()
    for start in [n * size for n in starts] + [n * size for n in range(4)]:
        shown, more = block(view, instant, version, start, size)
        assert [row["number"] for row in shown] == [
            row["number"] for row in whole[start : start + size]
        ]
        assert more == (len(whole) > start + size)


def test_a_live_board_is_the_board_at_its_instant(log):
    version = data_version()
    assert version.latest is not None
    assert not version.live(datetime(2016, 3, 10, tzinfo=UTC))
    assert version.live(datetime(2026, 1, 1, tzinfo=UTC))
