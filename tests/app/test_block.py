"""A block of the grid, from wherever it is asked, holds the rows that the whole table has there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import block as blocks
from app import cache, database, posts
from app.block import block
from app.rows import records
from app.selection import rows
from app.version import data_version
from app.view import View
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
    whole = records(database.read(rows(view, instant)))
    version = data_version()
    for start in [n * size for n in starts] + [n * size for n in range(4)]:
        shown, more = block(view, instant, version, start, size)
        assert [row["number"] for row in shown] == [
            row["number"] for row in whole[start : start + size]
        ]
        assert more == (len(whole) > start + size)


@settings(max_examples=60)
@given(
    view=views,
    size=st.integers(1, 40),
    starts=st.lists(st.integers(1, 1_000), min_size=1, max_size=8),
    live=st.booleans(),
)
def test_a_jump_anywhere_finds_the_rows_of_that_place(log, monkeypatch, view, size, starts, live):
    """Also the second time, and where no row is any more."""
    monkeypatch.setattr(blocks, "NEAR", 5)
    monkeypatch.setattr(posts, "EVERY", 7)
    monkeypatch.setattr(posts, "CHAPTER", 21)
    if live:
        view = view.but(as_of=None)
    instant = view.as_of or datetime(2026, 1, 1, tzinfo=UTC)
    numbers = [row["number"] for row in records(database.read(rows(view, instant)))]
    version = data_version()
    for start in [max(start, 7) for start in (*starts, *starts)]:
        shown, more = block(view, instant, version, start, size)
        assert [row["number"] for row in shown] == numbers[start : start + size]
        assert more == (len(numbers) > start + size)


def test_posts_outlive_the_minute_but_not_new_data_nor_what_goes_by_time(log):
    view = View()
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    version = data_version()
    newer = replace(version, number=version.number + 1)
    posts.Posts(view, early, version).set(300, ("key",))
    assert posts.Posts(view, late, version).at(300) == ("key",)
    assert posts.Posts(view.but(columns=("number",)), late, version).at(300) == ("key",)
    assert posts.Posts(view, late, newer).at(300) is None
    assert posts.Posts(view.but(state="all"), late, version).at(300) is None
    for timely in (view.but(sla=("ok",)), view.but(sort=("age_days",)), view.but(recent=7)):
        posts.Posts(timely, early, version).set(300, ("key",))
        assert posts.Posts(timely, late, version).at(300) is None


def test_a_live_board_is_the_board_at_its_instant(log):
    version = data_version()
    assert version.latest is not None
    assert not version.live(datetime(2016, 3, 10, tzinfo=UTC))
    assert version.live(datetime(2026, 1, 1, tzinfo=UTC))
