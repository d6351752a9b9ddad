"""The ends of the days of a period, and where a click on a day leads."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.panels.backlog import day_end, to_days
from app.period import Period
from app.scope import Scope
from app.versions import TICK
from app.view import View
from app.view_fields import write_instant

ZONES = ("UTC", "Europe/Berlin", "Pacific/Apia", "Pacific/Pago_Pago", "Asia/Kathmandu")
START = datetime(2025, 1, 1, tzinfo=UTC)
minutes = st.integers(0, 2 * 366 * 24 * 60)
# Midnights too, of the zone among them.
hours = st.integers(0, 2 * 366 * 24).map(lambda hour: hour * 60)


@st.composite
def scopes(draw):
    instant = START + timedelta(minutes=draw(minutes | hours))
    end = draw(st.none() | st.just(instant) | st.integers(0, 90_000).map(
        lambda minute: instant - timedelta(minutes=minute)))  # fmt: skip
    start = draw(st.none() | st.integers(1, 90_000).map(
        lambda minute: (end or instant) - timedelta(minutes=minute)))  # fmt: skip
    zone = draw(st.sampled_from(ZONES))
    return Scope.of(View(tz=zone), instant, period=Period(start, end))


@given(scopes())
def test_days_end_where_the_next_begin_and_the_last_with_the_period(scope):
    days, ends, zone = scope.days(), scope.ends(), ZoneInfo(scope.view.tz)
    start, end = scope.period.filled()
    assert tuple(day_end(day, scope) for day in days) == ends
    for day, last in zip(days[:-1], ends[:-1], strict=True):
        assert last.astimezone(zone).date() == day
        assert (last + TICK).astimezone(zone).date() > day
    assert ends[-1].astimezone(zone).date() == days[-1]
    assert end - timedelta(days=1, hours=1) <= ends[-1] <= end
    assert start.astimezone(zone).date() == days[0]


@given(scopes())
def test_a_click_turns_to_the_end_of_its_day_and_today_back_to_now(scope):
    clicks = to_days(scope.days(), scope)
    for end, click in zip(scope.ends(), clicks, strict=True):
        past = urlencode({"as_of": write_instant(end)})
        assert click == ("as_of=" if end == scope.instant else past)
