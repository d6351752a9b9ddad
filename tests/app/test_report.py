"""The weekly report against an independent replay: every count and every line."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.database import read
from app.report.make import make
from app.report.value import Report
from app.report.words import open_cases, rows_of
from app.selection import count
from app.view import View
from tests.replay import incidents

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("log")]

TICK = timedelta(microseconds=1)
FIRST, LAST = datetime(2016, 2, 20, tzinfo=UTC), datetime(2016, 7, 1, tzinfo=UTC)
TARGETS = {1: 14, 2: 20, 3: 90, 4: 180}


@lru_cache(maxsize=1)
def moments():
    """When some case changed its hands, its severity or its state."""
    changes = (pairwise(states(case)) for case in incidents().values())
    return sorted({at for pairs in changes for (_, was), (at, row) in pairs
                   if (was.engineer, was.severity, was.state == "Closed")
                   != (row.engineer, row.severity, row.state == "Closed")})  # fmt: skip


@st.composite
def periods(draw):
    """Any two instants, often such that something happened at the very first one."""
    anywhen = st.integers(0, 130 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
    start = draw(anywhen | st.sampled_from(moments()))
    return start, start + timedelta(minutes=draw(st.integers(1, 30 * 24 * 60)))


@st.composite
def views(draw):
    accounts = sorted(
        {row.account for case in incidents().values() for row in case.rows if row.account}
    )
    return View(
        state=draw(st.sampled_from(["open", "closed", "all"])),
        severity=tuple(sorted(draw(st.sets(st.integers(1, 4), max_size=2)))),
        account=tuple(sorted(draw(st.sets(st.sampled_from(accounts), max_size=3)))),
    )


def states(case):
    """The distinct states of a case, each from its instant on; the first one since it was opened."""
    found = {}
    for row in case.rows:
        found[max(row.at, case.opened)] = row
    first = case.rows[0]
    known = {case.opened: first, **found}
    # What was said at the instant of opening itself counts from then on.
    known[case.opened] = found.get(case.opened, first)
    return sorted(known.items())


def rank(case, row, at, closed_at):
    end = at if row.state != "Closed" else closed_at
    target = timedelta(days=TARGETS[row.severity])
    elapsed = end - case.opened
    return 2 if elapsed >= target else 1 if elapsed > target / 2 else 0


def expected(view, start, end):
    """Every line that the report must have, as {section: {(number, instant, field, before, after)}}."""
    told = {
        name: set()
        for name in ("opened", "closed", "reopened", "severity", "hands", "at_risk", "breached")
    }
    last = end - TICK
    for case in incidents().values():
        if case.opened > last:
            continue
        line = states(case)
        now = [row for at, row in line if at <= last][-1]
        if view.severity and now.severity not in view.severity:
            continue
        if view.account and now.account not in view.account:
            continue
        number = case.number
        if start <= case.opened:
            told["opened"].add((number, case.opened, "", None, None))
        closings = [at for at in case.closings() if at <= last]
        if closings and closings[-1] >= start:
            told["closed"].add((number, closings[-1], "", None, None))
        for (_, before), (at, row) in pairwise(line):
            if not start <= at <= last:
                continue
            if before.state == "Closed" and row.state != "Closed":
                told["reopened"].add((number, at, "", None, None))
            if before.severity != row.severity:
                told["severity"].add(
                    (number, at, "severity", str(before.severity), str(row.severity))
                )
            if before.engineer != row.engineer:
                told["hands"].add((number, at, "engineer", before.engineer, row.engineer))
        for section, moment in marks(case, line):
            if start <= moment <= last:
                told[section].add((number, moment, "", None, None))
    return told


def marks(case, line):
    """When the clock of a case passed half or the whole of its target while it was open."""
    instants = {at for at, _ in line}
    for days in TARGETS.values():
        instants |= {
            case.opened + timedelta(days=days / 2) + TICK,
            case.opened + timedelta(days=days),
        }

    def at(moment):
        known = [(since, row) for since, row in line if since <= moment]
        if not known:
            return 0, False
        closed_at = None
        before = None
        for since, row in known:
            if row.state == "Closed" and (before is None or before.state != "Closed"):
                closed_at = since
            before = row
        row = known[-1][1]
        return rank(case, row, moment, closed_at), row.state != "Closed"

    for moment in sorted(instants):
        (then, _), (now, is_open) = at(moment - TICK), at(moment)
        if is_open and now > then:
            yield ("at_risk", "breached")[now - 1], moment


def lines(report: Report):
    return {
        name: {(one.case.number, one.at, one.field, one.before, one.after) for one in found}
        for name, found in report.cases.items()
    }


@settings(max_examples=25)
@given(period=periods(), view=views())
def test_every_line_is_that_of_a_replay(period, view):
    report = make(view, *period)
    told = lines(report)
    for section, wanted in expected(view, *period).items():
        assert told[section] == wanted, section
        assert len(report.cases[section]) == len(wanted), f"{section}: a line twice"
    assert not told["escalated"]
    assert Report.from_json(report.to_json()) == report


@settings(max_examples=25)
@given(period=periods(), view=views())
def test_each_count_that_a_view_can_say_is_the_count_of_its_rows(period, view):
    report = make(view, *period)
    for section in ("opened", "closed"):
        rows = rows_of(report, section)
        found = int(read(count(rows, rows.as_of))["cases"].iloc[0])
        assert found == len(report.cases[section]), section
    for number, instant in (
        (report.open_before, report.start - TICK),
        (report.open_after, report.last),
    ):
        rows = open_cases(report, instant)
        assert int(read(count(rows, rows.as_of))["cases"].iloc[0]) == number
