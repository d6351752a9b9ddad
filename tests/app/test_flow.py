"""The flow of cases: panels against independent computations from plain case versions."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor, isclose
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Double, Integer, text
from sqlalchemy import select as sql

from app import database
from app.metrics import durations
from app.panel import frame
from app.panels import control
from app.panels.cohort import CLOSE, RELIEF, RESOLUTION, life, median, tenths
from app.panels.control import CONTROL
from app.panels.durations import BARS, TIME_TO_CLOSE, TIME_TO_RELIEF, TIME_TO_RESOLUTION
from app.panels.listed import listed
from app.panels.open_work import AGEING
from app.panels.reopening import REOPEN_RATE, REOPENED
from app.panels.survival import SURVIVAL_CLOSE, SURVIVAL_RELIEF, SURVIVAL_RESOLUTION
from app.panels.waiting import PARTIES, WAITING
from app.period import Period
from app.rows import records
from app.scope import Scope
from app.selection import count
from app.view import View
from etl.seed import seed
from tests.conftest import EMPTY, LOG, cloned

pytestmark = pytest.mark.database

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
TENTH = DAY / 10
SPREADS = {
    TIME_TO_RELIEF: (SURVIVAL_RELIEF, RELIEF),
    TIME_TO_RESOLUTION: (SURVIVAL_RESOLUTION, RESOLUTION),
    TIME_TO_CLOSE: (SURVIVAL_CLOSE, CLOSE),
}
PANELS = (
    *SPREADS,
    *(survival for survival, _ in SPREADS.values()),
    CONTROL,
    AGEING,
    WAITING,
    REOPEN_RATE,
    REOPENED,
)
# World: template, its first and its last instant.
WORLDS = {
    "log": (LOG, datetime(2016, 3, 1, tzinfo=UTC), datetime(2017, 2, 20, tzinfo=UTC)),
    "seeded": (EMPTY, datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)),
}


class World:
    """A database with all its case versions as plain values."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self.first, self.last = first, last
        self.versions = records(
            database.read(text("select * from case_versions order by case_number, valid_from"))
        )
        self.by_case = defaultdict(list)
        for version in self.versions:
            self.by_case[version["case_number"]].append(version)

    def at(self, instant: datetime, view: View) -> list[dict]:
        """The versions in force that pass the simple filters of a View, of cases not gone."""
        return [
            version
            for version in self.versions
            if version["valid_from"] <= instant < end_of(version)
            and not version["gone"]
            and passes(version, view)
        ]

    def scopes(self):
        zones = st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"])
        views = st.builds(
            View,
            severity=st.sampled_from([(), (), (1,), (2, 3), (4,)]),
            account=st.sampled_from([(), (), self.accounts()[:1], self.accounts()[:9]]),
            tz=zones,
        )
        span = int((self.last - self.first) / TICK)
        instants = st.integers(span // 3, span).map(lambda n: self.first + n * TICK)
        lengths = st.sampled_from([5, 30, 61, 90, 365])
        ends = st.integers(0, 40)
        return st.builds(self.scope, views, instants, lengths, ends)

    def scope(self, view: View, instant: datetime, days: int, ago: int) -> Scope:
        end = instant - timedelta(days=ago, hours=ago)
        period = Period(end - timedelta(days=days), end)
        return Scope.of(view.but(as_of=instant, state="all"), instant, None, period)

    def accounts(self) -> tuple[str, ...]:
        found = {v["account"] for v in self.versions[::7] if v["account"]}
        return tuple(sorted(found))


def end_of(version: dict) -> datetime:
    # The driver tells infinity as the last instant that Python knows, or pandas as nothing.
    return version["valid_to"] or datetime.max.replace(tzinfo=UTC)


def passes(version: dict, view: View) -> bool:
    return (not view.severity or version["severity"] in view.severity) and (
        not view.account or version["account"] in view.account
    )


@pytest.fixture(scope="module", params=list(WORLDS))
def world(request):
    template, first, last = WORLDS[request.param]
    with cloned(template):
        if template == EMPTY:
            seed(600, 5, last)
        yield World(first, last)


def milestone_of(version: dict, column: str) -> datetime | None:
    if column == "closed":
        return None if version["is_open"] else version["closed_at"]
    return version["relief_at" if column == "relief" else "resolved_at"]


def waits(version: dict, column: str, instant: datetime) -> tuple[timedelta, bool]:
    """How long a case took or has waited, and whether it got there."""
    reached = milestone_of(version, column)
    if reached and reached <= instant:
        return reached - version["created_date"], True
    end = instant if version["is_open"] else version["closed_at"] or instant
    return end - version["created_date"], False


def kaplan_meier(waited: list[tuple[int, bool]]) -> list[tuple[int, int, int, Fraction]]:
    """(time, at risk, events, S) of the product-limit estimator: Kaplan, Meier (1958), exactly."""
    share, table = Fraction(1), []
    for time in sorted({length for length, _ in waited}):
        at_risk = sum(length >= time for length, _ in waited)
        events = sum(length == time and reached for length, reached in waited)
        share *= Fraction(at_risk - events, at_risk)
        table.append((time, at_risk, events, share))
    return table


lives = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 60), st.booleans()), min_size=1, max_size=40
)


@given(cases=lives)
def test_the_estimator_is_the_textbooks(empty_once, cases):
    severities, lengths, reached = zip(*cases, strict=True)
    one = listed(severities, Integer(), "one")
    two = listed([n * 8_640.0 for n in lengths], Double(), "two")
    three = listed(reached, Boolean(), "three")
    source = (
        sql(
            one.c.told.label("severity"),
            two.c.told.label("seconds"),
            three.c.told.label("reached"),
        )
        .join(two, two.c.place == one.c.place)
        .join(three, three.c.place == one.c.place)
        .cte("cohort")
    )
    table = life(tenths(source))
    rows = records(database.read(sql(table).order_by(table.c.severity, table.c.tenth)))
    halves = records(database.read(sql(table.c.severity, median(table)).group_by(table.c.severity)))
    for severity in set(severities):
        mine = [(n, flag) for s, n, flag in cases if s == severity]
        expected = kaplan_meier(mine)
        got = [row for row in rows if row["severity"] == severity]
        assert [(r["tenth"], r["at_risk"], r["reached"]) for r in got] == [
            line[:3] for line in expected
        ]
        for row, line in zip(got, expected, strict=True):
            assert isclose(row["share"], line[3], abs_tol=1e-12)
        half = next((t for t, _, _, share in expected if share <= Fraction(1, 2)), None)
        [told] = [row["median"] for row in halves if row["severity"] == severity]
        assert (None if told is None else round(float(told) * 10)) == half


@pytest.fixture(scope="module")
def empty_once():
    with cloned(EMPTY):
        yield


@pytest.mark.parametrize("panel", SPREADS, ids=lambda panel: panel.name)
@settings(max_examples=6)
@given(data=st.data())
def test_durations_are_those_of_the_catalogue_and_of_numpy(world, panel, data):
    scope = data.draw(world.scopes())
    survival, milestone = SPREADS[panel]
    waited = defaultdict(list)
    for version in world.at(scope.instant, scope.view):
        waited[version["severity"] or 0].append(waits(version, milestone.column, scope.instant))
    rows = {row["severity"] or 0: row for row in records(frame(panel, scope))}
    assert set(rows) == set(waited)
    catalogue = {
        row["severity"] or 0: row
        for row in records(database.read(durations(scope, milestone.column)))
    }
    curves = records(frame(survival, scope))
    for severity, lengths in waited.items():
        row, days = rows[severity], [length / DAY for length, reached in lengths if reached]
        assert (row["n"], row["censored"]) == (len(days), len(lengths) - len(days))
        told = catalogue.get(
            severity, {"n": 0, "mean": None, "p50": None, "p85": None, "p95": None}
        )
        assert {name: row[name] for name in told if name != "severity"} == {
            # The order in which a mean is summed up may change its last digit.
            name: pytest.approx(value, rel=1e-12) if name == "mean" and value else value
            for name, value in told.items()
            if name != "severity"
        }
        bars = [0] * len(BARS)
        for length, reached in lengths:
            if reached:
                bars[next(n for n, s in enumerate(BARS) if s.end is None or length < s.end)] += 1
        assert [row[f"bin_{number}"] for number in range(len(BARS))] == bars
        if days:
            assert isclose(row["mean"], np.mean(days), rel_tol=1e-9, abs_tol=1e-9)
            for name, share in (("least", 0), ("q1", 25), ("p50", 50), ("q3", 75), ("p85", 85),
                                ("p95", 95), ("most", 100)):  # fmt: skip
                assert isclose(row[name], np.percentile(days, share), rel_tol=1e-9, abs_tol=1e-9)
        few = [f"{value:.2f}" for value in sorted(days)] if 0 < len(days) < 8 else []
        assert np.allclose([float(t) for t in (row["each"] or "").split()],
                           [float(t) for t in few], atol=0.011)  # fmt: skip
        rounded = [(max(floor(length / TENTH + 0.5), 0), reached) for length, reached in lengths]
        expected = {t: (n, share) for t, n, events, share in kaplan_meier(rounded) if events}
        half = next((t for t, (_, share) in expected.items() if share <= Fraction(1, 2)), None)
        assert row["km_median"] == (None if half is None else half / 10)
        curve = [line for line in curves if (line["severity"] or 0) == severity]
        assert sum(line["reached"] for line in curve) == len(days)
        for line in curve:
            at_risk, share = expected[round(line["days"] * 10)]
            assert line["at_risk"] == at_risk
            assert isclose(line["share"], 100 * share, abs_tol=1e-9)
        # What is left out of the drawing never spans more than a fiftieth.
        drawn = {round(line["days"] * 10) for line in curve}
        above = 1.0
        for time, (_, share) in expected.items():
            assert time in drawn or floor(share * 50 - 1e-9) == floor(above * 50 - 1e-9)
            above = share


@settings(max_examples=12)
@given(data=st.data())
def test_the_waiting_adds_up_to_the_life_of_the_cases(world, data):
    scope = data.draw(world.scopes())
    start, end = scope.period.filled()
    days, whole = defaultdict(float), defaultdict(float)
    for versions in world.by_case.values():
        for version in versions:
            began, ended = max(version["valid_from"], start), min(end_of(version), end)
            if began < ended and version["is_open"] and passes(version, scope.view):
                party = version["waiting_on"] if version["waiting_on"] in PARTIES else "unknown"
                days[version["severity"], party] += (ended - began) / DAY
                whole[version["severity"]] += (ended - began) / DAY
    rows = records(frame(WAITING, scope))
    assert {row["severity"] for row in rows} == set(whole)
    for row in rows:
        for party in PARTIES:
            assert isclose(row[party], days[row["severity"], party], abs_tol=1e-6)
        assert isclose(row["total"], whole[row["severity"]], rel_tol=1e-9)
        assert isclose(row["total"], sum(row[party] for party in PARTIES), rel_tol=1e-9)


def week_or_day(moment: datetime, scope: Scope) -> object:
    local = moment.astimezone(ZoneInfo(scope.view.tz)).date()
    first = scope.days()[0]
    if len(scope.days()) <= 62:
        return local
    return max(local - timedelta(days=local.weekday()), first)


@settings(max_examples=12)
@given(data=st.data())
def test_the_reopen_rate_is_that_of_the_closings(world, data):
    scope = data.draw(world.scopes())
    start, end = scope.period.filled()
    closed, again, listed_ = defaultdict(set), defaultdict(set), set()
    for version in world.at(scope.instant, scope.view):
        number = version["case_number"]
        closings = []
        for one in world.by_case[number]:
            if one["valid_from"] > scope.instant:
                break
            if one["event"] == "reopened":
                closings.append((one["closed_at"], one["valid_from"]))
        if not version["is_open"]:
            closings.append((version["closed_at"], None))
        for at, reopened in closings:
            if start <= at < end:
                closed[week_or_day(at, scope)].add(number)
                if reopened and reopened - at <= 14 * DAY:
                    again[week_or_day(at, scope)].add(number)
                    listed_.add((number, at))
    rows = records(frame(REOPEN_RATE, scope))
    days = scope.days()
    assert sorted({row["day"] for row in rows}) == [row["day"] for row in rows]
    assert rows[0]["day"] == days[0]
    assert sum(row["closed"] for row in rows) == sum(map(len, closed.values()))
    for row in rows:
        assert row["closed"] == len(closed[row["day"]])
        assert row["reopened"] == len(again[row["day"]])
        if row["closed"]:
            assert isclose(row["rate"], 100 * row["reopened"] / row["closed"])
        else:
            assert row["rate"] is None
    found = records(frame(REOPENED, scope))
    assert len(found) == min(len(listed_), 200)
    assert {row["number"] for row in found} <= {number for number, _ in listed_}


@pytest.mark.parametrize("most", [2_000, 10], ids=["dots", "cells"])
@settings(max_examples=6)
@given(data=st.data())
def test_the_control_chart_tells_every_closing(world, data, most):
    scope = data.draw(world.scopes())
    start, end = scope.period.filled()
    before, control.MOST_DOTS = control.MOST_DOTS, most
    try:
        rows = records(frame(CONTROL, scope))
    finally:
        control.MOST_DOTS = before
    closed = [
        (version["closed_at"], (version["closed_at"] - version["created_date"]) / DAY)
        for version in world.at(scope.instant, scope.view)
        if not version["is_open"]
    ]
    shown = [(at, days) for at, days in closed if start <= at < end]
    dots = [row for row in rows if row["cases"] is None]
    if len(shown) > most:
        assert not dots
        assert sum(row["cases"] for row in rows) == len(shown)
    else:
        assert np.allclose(sorted(row["days"] for row in dots), sorted(d for _, d in shown))
    by_week = len(scope.days()) > 62
    zone = ZoneInfo(scope.view.tz)
    for row in rows:
        first = row["day"] - timedelta(days=21 if by_week else 6)
        last = row["day"] + timedelta(days=6 if by_week else 0)
        rolling = [
            d for at, d in closed if at < end and first <= at.astimezone(zone).date() <= last
        ]
        assert isclose(row["p50"], np.percentile(rolling, 50), rel_tol=1e-9)
        assert isclose(row["p85"], np.percentile(rolling, 85), rel_tol=1e-9)


@settings(max_examples=8)
@given(data=st.data())
def test_ageing_counts_what_is_older_than_closed_cases_got(world, data):
    scope = data.draw(world.scopes())
    start, end = scope.period.filled()
    usual, open_ = defaultdict(list), defaultdict(list)
    for version in world.at(scope.instant, scope.view):
        if version["is_open"]:
            open_[version["severity"]].append(version)
        elif start <= version["closed_at"] < end:
            usual[version["severity"]].append(version["closed_at"] - version["created_date"])
    rows = records(frame(AGEING, scope))
    assert {row["severity"]: row["open"] for row in rows} == {
        severity: len(versions) for severity, versions in open_.items()
    }
    for row in rows:
        ages = [scope.instant - version["created_date"] for version in open_[row["severity"]]]
        taken = [length / DAY for length in usual[row["severity"]]]
        assert row["compared"] == len(taken)
        limit = np.percentile(taken, 85) if taken else None
        assert row["p85"] is None if limit is None else isclose(row["p85"], limit)
        older = [] if limit is None else [age for age in ages if age / DAY > limit]
        assert row["beyond"] == len(older)
        assert sum(row[f"late_{number}"] for number in range(len(BARS))) == len(older)
        assert sum(row[f"usual_{number}"] for number in range(len(BARS))) == len(ages) - len(older)
        assert isclose(row["age"], np.median([age / DAY for age in ages]), rel_tol=1e-9)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@settings(max_examples=4)
@given(data=st.data())
def test_every_number_of_cases_leads_to_exactly_its_rows(world, panel, data):
    scope = data.draw(world.scopes())
    if data.draw(st.booleans()):
        spans = data.draw(st.sampled_from([("1..30",), ("none",), ("..7", "none:14..")]))
        scope = Scope.of(scope.view.but(days_to_close=spans), scope.instant, None, scope.period)
    before, control.MOST_DOTS = control.MOST_DOTS, data.draw(st.sampled_from([5, 2_000]))
    try:
        told = records(frame(panel, scope))
    finally:
        control.MOST_DOTS = before
    asked = [(row, name, view) for row in told for name, view in panel.rows(row, scope).items()]
    step = max(len(asked) // 25, 1)
    for row, name, view in asked[::step]:
        again = View.from_query(view.to_query())
        assert again.as_of == scope.instant
        found = database.read(count(again, again.as_of))["cases"].iloc[0]
        assert row[name] == found, (panel.name, name, again.to_query())
    unlinked = {
        column.name
        for column in panel.columns
        if column.unit == "cases" and all(column.name not in panel.rows(row, scope) for row in told)
    }
    if not scope.view.days_to_close and told and panel is not CONTROL:
        assert not unlinked or (panel is AGEING and all(row["before"] is None for row in told))
