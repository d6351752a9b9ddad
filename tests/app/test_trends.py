"""Every number of a day is what the catalogue says as of that day's end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from app import daily, days, rolled, rolled_lines, search, sla, value_series
from app.added_up import whole_hour
from app.board import Board
from app.database import read, transaction
from app.metrics import CATALOGUE, COUNTS, Count, count_values, linked_bugs
from app.models import ALL_CASES, VALUE_FIELDS, ValueStep
from app.panel import asked_of, columns_of, frame
from app.panels import PANELS, cumulative
from app.period import Period, midnight
from app.rows import records
from app.scope import Scope
from app.selection import count, grouped
from app.series import series
from app.value_series import REST, SHOWN
from app.version import data_version
from app.versions import TICK, V
from app.view import View
from etl.history import policies
from etl.seed import seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

# Days of 23, 24 and 25 hours, days that begin at no whole hour of UTC, and both ends of the world.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
)
# Weeks in which clocks are changed, in Berlin and on Lord Howe, and one in which they are not.
STARTS = (date(2016, 3, 24), date(2016, 3, 30), date(2016, 5, 12), date(2016, 10, 28))
LINES = ("open_work", "attention", "sla_days", "turnover", "bugs_behind")
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
POLICIES = {
    datetime(2025, 10, 26, 1, 20, tzinfo=UTC): """
        {"days": [9, 30, 120, 150.25], "accounts": {"Bundesrat": [1, 2, 3, 4]}}""",
    datetime(2026, 3, 27, 14, 40, tzinfo=UTC): """
        {"days": [14, 20, 90, 180], "accounts": {}}""",
}
ADD_POLICY = text("insert into sla_policies select :at, cast(:policy as jsonb)")


def chosen(*values, most=2):
    return st.lists(st.sampled_from(values), unique=True, max_size=most).map(
        lambda picked: tuple(sorted(picked))
    )


views = st.builds(
    View,
    severity=chosen(0, 1, 2, 3, 4),
    status=chosen("New", "Active", "Resolved", most=1),
    account=chosen("Location 204", "Location 143", "", most=1),
    escalated=chosen("no", "yes", most=1),
    sla=chosen("ok", "at_risk", "breached"),
    bugs=chosen("any", "none", "untargeted"),
    stale=st.none() | st.integers(0, 9),
    q=st.sampled_from(["", "", "symptom 4"]),
    tz=st.sampled_from(ZONES),
)


@st.composite
def scopes(draw, asked=views, starts=STARTS):
    """A View over some days; the last of them may end in the midst of an hour."""
    view, first = draw(asked), draw(st.sampled_from(starts))
    last = first + timedelta(days=draw(st.integers(0, 6)))
    end = midnight(last + timedelta(days=1), view.tz)
    instant = end + timedelta(days=3)
    if draw(st.booleans()):
        instant = end = end - timedelta(minutes=draw(st.integers(0, 900)), seconds=7)
    compare = draw(st.sampled_from(["", "previous", "year"]))
    return Scope.of(view, instant, period=Period(midnight(first, view.tz), end, compare))


def agree(scope):
    """All counts of all lines, and of the period compared with, are those of the catalogue."""
    told = records(read(days.catalogued(scope)))
    lines = {}
    for name in LINES:
        for row in records(frame(PANELS[name], scope)):
            lines.setdefault(row["day"], {}).update(row)
    assert [row["day"] for row in told] == list(scope.days()) == sorted(lines)
    moved = records(read(daily.daily(scope)))
    assert [row["open_cases"] for row in moved] == [row["open_cases"] for row in told]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daily, "spelled", lambda _: False)
        patch.setattr(daily, "rolls", lambda *_, **__: False)
        assert records(read(daily.daily(scope))) == moved
    for row, end in zip(told, scope.ends(), strict=True):
        assert row["as_of"] == end
        here = expected(scope.view, end)
        assert {name: row[name] for name in here} == here, (end, scope.view.to_query())
        assert {name: lines[row["day"]][name] for name in here} == here, end
    other = days.compared(scope)
    if other is not None:
        for day, then, end in zip(scope.days(), other.days(), other.ends(), strict=True):
            assert lines[day]["day_before"] == then
            before = expected(scope.view, end)
            assert {name: lines[day][f"{name}_before"] for name in before} == before, end


def expected(view, end):
    at = standing(view, end)
    [bugs] = read(linked_bugs(at, Board.at(end))).to_dict("records")
    return count_values(at, end) | bugs


def standing(view, end):
    """The View of what a day ended with: numbers over days go by the words that cases say now."""
    return view if view.q else view.but(as_of=end)


@settings(max_examples=12)
@given(scope=scopes())
def test_a_day_of_the_log_is_what_the_catalogue_says_of_its_end(log, scope):
    agree(scope)


@pytest.fixture(scope="module")
def crowd():
    with cloned(EMPTY):
        sla.keep()
        seed(400, 3, UNTIL)
        with transaction() as connection:
            for at, policy in POLICIES.items():
                connection.execute(ADD_POLICY, {"at": at, "policy": policy})
            policies.learn(connection)
        assert [span.rolled for span in data_version().policies] == [True, True, True]
        yield


seeded = st.builds(
    lambda view, q: view.but(account=(), status=(), q=q),
    views,
    st.sampled_from(["", "error", "ptp", "node"]),
)
SEEDED_STARTS = (date(2026, 3, 25), date(2026, 5, 26), date(2025, 10, 23), date(2024, 2, 27))


@settings(max_examples=12)
@given(scope=scopes(seeded, SEEDED_STARTS))
def test_a_day_of_a_seeded_world_is_what_the_catalogue_says_of_its_end(crowd, scope):
    agree(scope)


def said_anew(q, moment):
    """That a case held the words at an instant, put together for each case."""
    words = func.case_words(V.case_number, moment)
    return words.op("@@", is_comparison=True)(select(func.search_query(q)).scalar_subquery())


@settings(max_examples=20)
@given(
    asked=st.sampled_from([{}, {"bugs": ("none",)}, {"sla": ("ok",)}, {"status": ("Closed",)}]),
    first=st.dates(date(2024, 1, 8), date(2026, 5, 20)),
    q=st.sampled_from(["error", "ptp", "error node"]),
)
def test_a_search_misses_no_case_that_it_need_not_look_at(crowd, asked, first, q):
    period = Period(midnight(first, "UTC"), midnight(first + timedelta(days=9), "UTC"))
    scope = Scope.of(View(q=q, **asked), UNTIL, period=period)
    names = (*LINES, "backlog", "daily_severity", "daily_status", "waiting")

    def told():
        then = scope.view.but(as_of=scope.ends()[0])
        known = [
            records(read(grouped(then.but(state=state), then.as_of, "account")))
            for state in ("open", "all")
        ]
        return known, {name: records(frame(PANELS[name], scope)) for name in names}

    here = told()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "found_since", lambda q, _: [search.matches(q)] if q else [])
        patch.setattr(search, "said", said_anew)
        assert told() == here
    if not asked and q == "error":
        assert any(row["open_cases"] for row in here[1]["backlog"])


rolled_views = st.builds(
    View,
    severity=chosen(0, 1, 2, 3, 4),
    escalated=chosen("no", "potential", "yes"),
    crit_sit=chosen("no", "yes", most=1),
    escalation=chosen("any", most=1),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"]),
)


def begins_of_late(scope):
    """Whether a policy begins in the hour of the instant, up to it."""
    hour = whole_hour(scope.instant)
    return any(hour <= at <= scope.instant for at in POLICIES)


@settings(max_examples=12)
@given(scope=scopes(rolled_views, SEEDED_STARTS), live=st.sampled_from([0, 4, 300]))
def test_the_roll_up_says_what_the_versions_say(crowd, scope, live):
    scope = live_scope(scope, live) if live else scope
    counts = [metric for metric in COUNTS if rolled.knows(metric, scope)]
    ends = scope.ends()
    assert rolled.rolls(scope, ends)
    up = read(rolled.rolled(scope, counts, ends))
    down = read(series(scope.view, scope.board, counts, ends))
    assert len(counts) == (11 if begins_of_late(scope) else 13)
    assert records(up) == records(down)

    def severities(scope):
        return value_series.value_series(scope, "severity", ends)

    for told in (daily.daily, severities):
        short = records(read(told(scope)))
        with pytest.MonkeyPatch.context() as patch:
            for module in (daily, value_series):
                patch.setattr(module, "rolls", lambda *_, **__: False)
            assert short == records(read(told(scope)))


@pytest.mark.parametrize("severity", [(), (2, 3), (4,)])
def test_a_live_board_ends_with_what_came_and_went_of_late(crowd, severity):
    version, view = data_version(), View(severity=severity)
    instant = version.latest + timedelta(minutes=5)
    scope = Scope.of(view, instant, version, Period(instant - timedelta(days=9), instant))
    counts = [metric for metric in COUNTS if rolled.knows(metric, scope)]
    assert scope.live
    assert rolled.rolls(scope, scope.ends())
    for asked in (counts, [one for one in counts if one.since], [CATALOGUE["no_updates"]]):
        up = records(read(rolled.rolled(scope, asked, scope.ends())))
        assert up == records(read(series(view, scope.board, asked, scope.ends())))
    up = records(read(rolled.rolled(scope, counts, scope.ends())))
    assert severity or (up[-1]["opened_last_week"] and up[-1]["closed_last_week"])


def live_scope(scope, days=4):
    instant = max(UNTIL, data_version().latest)
    period = Period(instant - timedelta(days=days), instant)
    period = replace(period, start=midnight(period.start.date(), scope.view.tz))
    return Scope.of(scope.view, instant, data_version(), period)


@settings(max_examples=40)
@given(
    scope=scopes(
        st.builds(View, tz=st.sampled_from(ZONES), state=st.sampled_from(["open", "all"])),
        SEEDED_STARTS,
    ),
    field=st.sampled_from(sorted(VALUE_FIELDS)),
    live=st.sampled_from([0, 0, 4, 90]),
)
def test_the_roll_up_of_values_says_what_the_versions_say(crowd, scope, field, live):
    """Of all values, also of those past the largest, whose lines are one."""
    scope = live_scope(scope, live) if live else scope
    ends = scope.ends()
    # The instant of the scope may lie within an hour; a day that ends before it may not.
    inner = ends[:-1] if ends[-1] == scope.instant else ends
    whole = all((end + TICK).minute == 0 for end in inner)
    assert rolled_lines.rolls_lines(scope, field, ends) == whole
    short = records(frame(PANELS[f"daily_{field}"], scope))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolled_lines, "rolls", lambda *_, **__: False)
        assert short == records(frame(PANELS[f"daily_{field}"], scope))
    assert {row["day"] for row in short} == set(scope.days())
    if field == "engineer":
        assert {row["rank"] for row in short} >= {REST}


@settings(max_examples=30)
@given(
    field=st.sampled_from(["severity", *sorted(VALUE_FIELDS)]),
    pick=st.integers(0, 10_000),
    seconds=st.integers(-2, 2),
    days=st.integers(0, 5),
)
def test_an_hour_is_told_up_to_an_instant_in_it(crowd, field, pick, seconds, days):
    """The instant lies just before or after something that came, or at it."""
    moved = read(select(V.valid_from).where(V.is_open).order_by(V.case_number, V.valid_from))
    instant = moved["valid_from"][pick * 7 % len(moved)].to_pydatetime()
    instant += timedelta(seconds=seconds)
    start = midnight(instant.date() - timedelta(days=days), "UTC")
    scope = Scope.of(View(), instant, data_version(), Period(start, None))
    say_what_the_versions_say(scope, f"daily_{field}", "backlog")


@pytest.mark.parametrize("half", [0, 12], ids=["before noon", "after noon"])
def test_what_moved_in_other_hours_of_the_half_day_counts_too(crowd, half):
    """Between an instant's own hour and the nearest midnight lie others."""
    stepped = select(ValueStep.hour).where(ValueStep.field == ALL_CASES, ValueStep.hour <= UNTIL)
    hours = read(stepped.order_by(ValueStep.hour))["hour"].dt.to_pydatetime()
    found = [
        later if half == 0 else earlier
        for earlier, later in pairwise(hours)
        if earlier.date() == later.date() and half <= earlier.hour < later.hour < half + 12
    ]
    assert len(found) > 3
    for hour in found[-4:]:
        instant = hour + timedelta(minutes=59)
        period = Period(midnight(instant.date() - timedelta(days=2), "UTC"), None)
        scope = Scope.of(View(), instant, data_version(), period)
        say_what_the_versions_say(scope, *(f"daily_{field}" for field in VALUE_FIELDS))


def say_what_the_versions_say(scope, *names):
    short = [records(frame(PANELS[name], scope)) for name in names]
    with pytest.MonkeyPatch.context() as patch:
        for module in (daily, rolled_lines, value_series):
            patch.setattr(module, "rolls", lambda *_, **__: False)
        assert short == [records(frame(PANELS[name], scope)) for name in names]


@settings(max_examples=40)
@given(scope=scopes(rolled_views, SEEDED_STARTS), live=st.sampled_from([1, 4, 90]))
def test_the_roll_up_of_stages_says_what_the_cases_say(crowd, scope, live):
    scope = live_scope(asked_of(PANELS["cumulative_flow"], scope), live)
    edges = [scope.period.filled()[0] - TICK, *scope.ends()]
    assert rolled.rolls(scope, edges)
    short = records(frame(PANELS["cumulative_flow"], scope))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cumulative, "rolls", lambda *_, **__: False)
        assert short == records(frame(PANELS["cumulative_flow"], scope))
    assert len(short) == len(scope.days())


@settings(max_examples=40)
@given(
    scope=scopes(
        st.builds(View, severity=chosen(0, 1, 2, 3, 4), tz=st.sampled_from(ZONES)), SEEDED_STARTS
    ),
    live=st.sampled_from([0, 0, 4, 90]),
)
def test_the_roll_up_of_bugs_says_what_the_links_say(crowd, scope, live):
    scope = asked_of(PANELS["bugs_behind"], scope)
    scope = live_scope(scope, live) if live else scope
    short = records(frame(PANELS["bugs_behind"], scope))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "rolls_bugs", lambda *_: False)
        assert short == records(frame(PANELS["bugs_behind"], scope))
    if scope.period.start.year > 2024 and not scope.view.severity:
        assert all(row["bugs_unique"] > row["bugs_no_target"] > 0 for row in short)


def test_days_that_begin_within_hours_are_left_to_the_versions():
    instant = datetime(2026, 5, 1, tzinfo=UTC)
    for zone, whole in (("Asia/Kolkata", False), ("Europe/Berlin", True)):
        view = View(tz=zone, severity=(1,))
        scope = Scope.of(view, instant, period=Period(midnight(date(2026, 4, 2), zone)))
        assert rolled.rolls(scope, scope.ends()) == whole
    assert not rolled.rolls(replace(scope, view=scope.view.but(account=("A",))), scope.ends())


@settings(max_examples=12)
@given(
    scope=scopes(),
    field=st.sampled_from(["severity", "status", "account", "engineer", "product", "card_status"]),
)
def test_the_lines_of_values_are_the_groups_of_each_day(log, scope, field):
    panel = PANELS[f"daily_{field}"]
    told = frame(panel, scope)
    assert records(told) == records(read(panel.select(asked_of(panel, scope))))
    for day, end in zip(scope.days(), scope.ends(), strict=True):
        rows = records(told[told["day"] == day])
        groups = records(read(grouped(standing(scope.view, end).but(state="open"), end, field)))
        known = {row[field]: row["cases"] for row in groups}
        assert sum(row["cases"] for row in rows) == sum(known.values())
        for row in rows:
            if row["rank"] < REST:
                assert row["together"] == 1
                assert row["cases"] == known.get(row[field], 0), (day, row)
    last = [row["cases"] for row in records(told[told["day"] == scope.days()[-1]])]
    assert last[:SHOWN] == sorted(last[:SHOWN], reverse=True)


@settings(max_examples=12)
@given(scope=scopes())
def test_cumulative_flow_never_falls_and_later_stages_never_overtake(log, scope):
    told = records(frame(PANELS["cumulative_flow"], scope).sort_values("day"))
    stages = ("created", "relieved", "resolved", "closed")
    assert [row["day"] for row in told] == list(scope.days())
    for row in told:
        assert [row[name] for name in stages] == sorted((row[n] for n in stages), reverse=True)
        assert row["in_progress"] == row["created"] - row["closed"] >= 0
    for earlier, later in pairwise(told):
        assert all(earlier[name] <= later[name] for name in stages)


@settings(max_examples=12)
@given(scope=scopes())
def test_what_reached_a_milestone_on_a_day_adds_up(log, scope):
    told = records(frame(PANELS["daily_milestones"], scope))
    start, end = scope.period.filled()
    closed = scope.view.but(
        as_of=scope.instant,
        state="closed",
        closed_from=start,
        closed_to=end + timedelta(microseconds=end == scope.instant),
    )
    whole = int(read(count(closed, scope.instant))["cases"].iloc[0])
    assert sum(row["closed_n"] for row in told) == whole
    for row in told:
        assert (row["closed_median"] is None) == (row["closed_n"] == 0)


def test_a_comparison_has_columns_and_dashed_lines_of_its_own(log):
    instant = datetime(2016, 5, 20, tzinfo=UTC)
    panel = PANELS["open_work"]
    for compare in ("", "previous", "year"):
        period = Period(datetime(2016, 5, 1, tzinfo=UTC), instant, compare)
        scope = asked_of(panel, Scope.of(View(), instant, period=period))
        names = [column.name for column in columns_of(panel, scope)]
        assert ("open_cases_before" in names) == bool(compare)
        figure = panel.figure(frame(panel, scope), scope)
        dashed = [one for one in figure["data"] if one["line"].get("dash") == "dash"]
        assert len(dashed) == (5 if compare else 0)
        if compare == "previous":
            line = next(one for one in figure["data"] if one["name"] == "Open cases")
            [before] = [one for one in dashed if one["name"].startswith("Open cases")]
            then = before["y"][0]
            assert line["text"][0] == f", {then:,} on 12 April 2016"


def test_a_point_turns_everything_to_the_end_of_its_day(log):
    instant = datetime(2016, 5, 20, 9, 30, tzinfo=UTC)
    view = View(tz="Europe/Berlin")
    scope = Scope.of(view, instant, period=Period(datetime(2016, 5, 17, 22, tzinfo=UTC)))
    figure = PANELS["open_work"].figure(frame(PANELS["open_work"], scope), scope)
    assert figure["data"][0]["customdata"] == [
        "as_of=2016-05-18T21%3A59%3A59.999999Z",
        "as_of=2016-05-19T21%3A59%3A59.999999Z",
        "as_of=",
    ]
    assert all("meta" not in trace for trace in figure["data"])
    values = PANELS["daily_severity"]
    drawn = values.figure(frame(values, scope), scope)["data"]
    assert all(trace["meta"]["adds"].startswith("severity=") for trace in drawn)


def test_every_count_is_in_some_line():
    named = {column.name for name in LINES for column in PANELS[name].columns}
    assert {metric.name for metric in days.DAILY} <= named
    assert isinstance(CATALOGUE["open_cases"], Count)
