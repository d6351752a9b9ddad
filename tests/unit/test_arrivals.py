"""Arrivals and departures: weeks and days of which only a part is known are hatched, and say so."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from app.panels.arrivals import arrivals_figure
from app.period import Period
from app.scope import Scope
from app.view import View


def drawn(first: date, instant: datetime, zone: str = "UTC") -> dict[str, tuple[str, str]]:
    """By the start of each bar its pattern and its hover text."""
    end = instant.date()
    days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
    frame = pd.DataFrame({"day": days, "created": 2, "reopened": 1, "closed": 1, "gone": 0})
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    scope = Scope(View(tz=zone), instant, period=Period(start, instant))
    [bars, _] = arrivals_figure(frame, scope)["data"]
    return {
        x: (shape, text)
        for x, shape, text in zip(
            bars["x"], bars["marker"]["pattern"]["shape"], bars["text"], strict=True
        )
    }


def test_the_day_that_is_not_over_is_hatched():
    bars = drawn(date(2026, 3, 1), datetime(2026, 3, 5, 12, tzinfo=UTC))
    assert {x for x, (shape, _) in bars.items() if shape} == {"2026-03-05"}
    assert bars["2026-03-05"][1] == "3 opened or reopened on 5 March 2026 (so far)"
    assert "(" not in bars["2026-03-04"][1]


def test_weeks_cut_at_either_end_are_hatched_and_the_first_bar_is_a_whole_one():
    # 4 March 2026 is a Wednesday, 3 December a Thursday.
    bars = drawn(date(2026, 3, 4), datetime(2026, 12, 3, 12, tzinfo=UTC))
    assert {x for x, (shape, _) in bars.items() if shape} == {"2026-03-02", "2026-11-30"}
    assert "not all of it shown" in bars["2026-03-02"][1]
    assert next(iter(bars)) == "2026-03-09"
    assert bars["2026-03-09"][1].startswith("21 opened or reopened in the week from 9 March 2026")


@pytest.mark.parametrize("hour", [0, 23])
def test_a_day_that_is_over_is_whole(hour):
    last = datetime(2026, 3, 5, tzinfo=UTC) if not hour else datetime(2026, 3, 4, hour, tzinfo=UTC)
    bars = drawn(date(2026, 3, 1), last)
    hatched = [x for x, (shape, _) in bars.items() if shape]
    assert hatched == (["2026-03-05"] if not hour else ["2026-03-04"])
