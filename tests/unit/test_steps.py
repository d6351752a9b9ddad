"""The steps of a period cover it without a gap, in whole local days."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.period import Period
from app.scope import Scope
from app.steps import steps, unit_of
from app.view import View

starts = st.datetimes(datetime(2015, 1, 1), datetime(2024, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
)


@given(start=starts, hours=st.integers(1, 24 * 1_500), zone=zones, before=st.integers(0, 5))
def test_steps_follow_each_other_over_the_whole_period(start, hours, zone, before):
    end = start + timedelta(hours=hours)
    scope = Scope.of(View(tz=zone), end, None, Period(start, end))
    found = steps(scope, before)
    for one, following in pairwise(found):
        assert one.end == following.start
    assert found[-1].end == end
    unit = unit_of(scope)
    if not before:
        assert found[0].start == start
    for place, step in enumerate(found):
        local = step.start.astimezone(ZoneInfo(zone))
        assert step.day == local.date()
        if place or before:
            assert local.time() == time()
            assert unit != "week" or local.weekday() == 0
            assert unit != "month" or local.day == 1
        assert step.words(unit, zone)
    if before:
        assert sum(step.end <= start for step in found) == before
