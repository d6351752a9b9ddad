"""Percentiles out of bins are what PostgreSQL tells after sorting all, to the last digit."""

from math import fsum, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Double, Integer, cast, func, select

from app import database
from app.panels.listed import listed
from app.percentiles import collected, summary
from app.rows import records
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

SHARES = {"least": 0.0, "q1": 0.25, "p50": 0.5, "p85": 0.85, "p95": 0.95, "most": 1.0}
lengths = st.one_of(
    st.none(),
    st.integers(-2, 6).map(float),
    st.floats(-5, 5),
    st.integers(0, 10**15).map(lambda micros: micros / 1e6 / 86_400),
)
told = st.lists(st.tuples(st.integers(0, 2), lengths), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def empty_once():
    with cloned(EMPTY):
        yield


@given(rows=told)
def test_the_bins_tell_what_sorting_tells(empty_once, rows):
    severities, values = zip(*rows, strict=True)
    one, two = listed(severities, Integer(), "one"), listed(values, Double(), "two")
    known = (
        select(one.c.told.label("severity"), two.c.told.label("length"))
        .join(two, two.c.place == one.c.place)
        .cte("known")
    )
    whole = cast(func.floor(known.c.length), Integer).label("whole")
    half = (known.c.length - func.floor(known.c.length) >= 0.5).label("half")
    bins = (
        select(
            known.c.severity, whole, half, *collected(known.c.length, known.c.length.is_not(None))
        )
        .group_by(known.c.severity, whole, half)
        .cte("bins")
    )
    binned = summary(bins, ["whole", "half"], SHARES)
    length = known.c.length
    sorted_ = (
        select(
            known.c.severity,
            func.count(length).label("n"),
            *(
                func.percentile_cont(share).within_group(length.asc()).label(name)
                for name, share in SHARES.items()
            ),
        )
        .where(length.is_not(None))
        .group_by(known.c.severity)
        .order_by(known.c.severity)
    )
    found = records(database.read(select(binned).order_by(binned.c.severity)))
    means = [row.pop("mean") for row in found]
    assert found == records(database.read(sorted_))
    for row, mean in zip(found, means, strict=True):
        mine = [n for severity, n in rows if severity == row["severity"] and n is not None]
        assert isclose(mean, fsum(mine) / len(mine), rel_tol=1e-9, abs_tol=1e-9)
