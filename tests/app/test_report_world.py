"""The report of a seeded world against a plain reading of its tables, line by line."""

from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from app import database
from app.database import read
from app.report.make import make
from app.report.remembered import report_of
from app.report.steps import COMPARED
from app.selection import rows
from app.updates import updates_of
from app.version import data_version
from app.view import View
from etl.seed import seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

TICK = timedelta(microseconds=1)
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
FIXED = ("modified", "on_qa", "verified", "closed", "done", "resolved")
DAYS = {1: 14, 2: 20, 3: 90, 4: 180}


class World(dict):
    """What the tables hold; short to print when a test fails."""

    def __repr__(self):
        return "World()"


def table(statement):
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(text(statement)).mappings()]


@pytest.fixture(scope="module")
def world():
    with cloned(EMPTY):
        seed(700, 7, UNTIL)
        versions = table("select * from case_versions order by case_number, valid_from")
        bugs = table("select * from bug_versions order by tracker, key, valid_from")
        facts = table(
            "select entity, key, field, at, actor from changes where actor is not null order by seq, value"
        )
        yield World(
            {
                "cases": {n: list(g) for n, g in groupby(versions, key=itemgetter("case_number"))},
                "bugs": {k: list(g) for k, g in groupby(bugs, key=itemgetter("tracker", "key"))},
                "links": table("select * from case_bugs"),
                "said": table(
                    "select case_number, commented_at as at, comment_text as text from comments "
                    "union all select case_number, last_update_date, body from jira_comments"
                ),
                "actors": {(f["entity"], f["key"], f["field"], f["at"]): f["actor"] for f in facts},
            }
        )


@st.composite
def periods(draw):
    start = UNTIL - timedelta(minutes=draw(st.integers(1, 8 * 365 * 24 * 60)))
    return start, start + timedelta(minutes=draw(st.integers(1, 60 * 24 * 60)))


views = st.builds(
    View,
    severity=st.sets(st.integers(1, 4), max_size=2).map(lambda found: tuple(sorted(found))),
    escalated=st.sampled_from([(), (), ("yes",), ("no",)]),
    sla=st.sampled_from([(), (), ("breached",), ("ok", "at_risk")]),
    bugs=st.sampled_from([(), (), ("any",), ("none",)]),
    waiting_on=st.sampled_from([(), (), ("us", "customer"), ("none",)]),
    tz=st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Midway"]),
)


def chosen(view, end):
    """The cases of a View at the period's last instant: what the table lists."""
    asked = view.but(state="all", as_of=end - TICK, columns=("number",), sort=("number",))
    return set(read(rows(asked, end - TICK))["number"])


def rank(version, at):
    end = at if version["is_open"] else version["closed_at"] or at
    days = DAYS.get(version["severity"])
    if days is None:
        return 0
    elapsed = end - version["created_date"]
    return 2 if elapsed >= timedelta(days=days) else 1 if elapsed > timedelta(days=days / 2) else 0


def text_of(value):
    return (
        {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else None
        if value is None
        else str(value)
    )


def expected(world, numbers, start, end):
    """Every line of every section about cases."""
    found = set()

    def add(section, number, at, field="", before=None, after=None):
        if start <= at < end:
            found.add((section, number, at, field, text_of(before), text_of(after)))

    for number in numbers:
        line = [v for v in world["cases"][number] if v["valid_from"] < end]
        add("opened", number, line[0]["created_date"])
        if line[-1]["closed_at"]:
            add("closed", number, line[-1]["closed_at"])
        nothing = dict.fromkeys(COMPARED)
        for before, now in pairwise([None, *line]):
            at, then = now["valid_from"], before or nothing
            if now["event"] == "reopened":
                add("reopened", number, at)
            for field, on in (("escalated", "yes"), ("crit_sit", True)):
                was, is_now = then[field], now[field]
                if (was == on) != (is_now == on):
                    add(
                        "escalated" if is_now == on else "deescalated",
                        number,
                        at,
                        field,
                        was,
                        is_now,
                    )
            if before:
                moved = {f: (before[f], now[f]) for f in ("severity", "engineer", "owner")}
                if moved["severity"][0] != moved["severity"][1]:
                    add("severity", number, at, "severity", *moved["severity"])
                if moved["engineer"][0] != moved["engineer"][1]:
                    add("hands", number, at, "engineer", *moved["engineer"])
                if moved["owner"][0] != moved["owner"][1] and moved["owner"] != moved["engineer"]:
                    add("hands", number, at, "owner", *moved["owner"])
            for moment, then_rank in moments(before, now):
                if now["is_open"] and rank(now, moment) > then_rank:
                    add(("at_risk", "breached")[rank(now, moment) - 1], number, moment)
    return found


def moments(before, now):
    """When the rank of a version may rise, each with the rank of the instant before."""
    begin = now["valid_from"]
    yield begin, rank(before, begin - TICK) if before else 0
    days = DAYS.get(now["severity"])
    for share in (timedelta(days=days / 2) + TICK, timedelta(days=days)) if days else ():
        moment = now["created_date"] + share
        if begin < moment < (now["valid_to"] or moment + TICK):
            yield moment, rank(now, moment - TICK)


def expected_bugs(world, numbers, start, end):
    found = set()
    for (tracker, key), line in world["bugs"].items():
        held = sorted(
            link["case_number"]
            for link in world["links"]
            if (link["tracker"], link["key"]) == (tracker, key)
            and link["linked_at"] < end
            and (link["unlinked_at"] is None or link["unlinked_at"] >= end)
            and link["case_number"] in numbers
        )
        for before, now in pairwise(line):
            if not start <= now["valid_from"] < end or not held:
                continue
            aimless = {None, "", "---"}
            if before["target"] in aimless and now["target"] not in aimless:
                found.add(
                    (
                        "targeted",
                        tracker,
                        key,
                        now["valid_from"],
                        before["target"],
                        now["target"],
                        *held,
                    )
                )
            if before["status"].lower() not in FIXED and now["status"].lower() in FIXED:
                found.add(
                    (
                        "fixed",
                        tracker,
                        key,
                        now["valid_from"],
                        before["status"],
                        now["status"],
                        *held,
                    )
                )
    return found


@settings(max_examples=40)
@given(period=periods(), view=views)
def test_every_line_is_that_of_the_tables(world, period, view):
    start, end = period
    report = make(view, start, end)
    numbers = chosen(view, end)
    told = [
        (section, line.case.number, line.at, line.field, line.before, line.after)
        for section, lines in report.cases.items()
        for line in lines
    ]
    assert len(told) == len(set(told))
    assert set(told) == expected(world, numbers, start, end)
    bugs = [
        (section, line.tracker, line.key, line.at, line.before, line.after, *line.cases)
        for section, lines in report.bugs.items()
        for line in lines
    ]
    assert len(bugs) == len(set(bugs))
    assert set(bugs) == expected_bugs(world, numbers, start, end)
    assert sum(report.counts.values()) == len(told) + len(bugs)


@settings(max_examples=30)
@given(period=periods(), view=views)
def test_the_latest_comment_of_each_case_is_told(world, period, view):
    start, end = period
    report = make(view, start, end)
    numbers = chosen(view, end)
    inside = [s for s in world["said"] if start <= s["at"] < end and s["case_number"] in numbers]
    assert {said.case.number for said in report.said} == {s["case_number"] for s in inside}
    for said in report.said:
        of_case = [s for s in inside if s["case_number"] == said.case.number]
        assert said.comments == len(of_case)
        assert said.at == max(s["at"] for s in of_case)
        assert said.text in {s["text"][:600] for s in of_case if s["at"] == said.at}
    places = [
        (said.case.account or "", said.case.status or "", said.case.number) for said in report.said
    ]
    assert places == sorted(places)


def test_who_did_it_is_told_where_a_source_says_so(world):
    report = make(View(), UNTIL - timedelta(days=3000), UNTIL)
    fields = {"closed": "status", "severity": "severity", "reopened": "status"}
    for section, field in fields.items():
        assert report.cases[section]
        for line in report.cases[section]:
            assert line.who == world["actors"].get(("case", line.case.number, field, line.at))
    handed = [line for line in report.cases["hands"] if line.field == "engineer"]
    assert sum(1 for line in handed if line.who) > len(handed) / 2
    assert all(line.who for lines in report.bugs.values() for line in lines)


@settings(max_examples=20)
@given(period=periods(), view=views)
def test_updates_are_the_comments_on_cases_with_a_card(world, app, period, view):
    start, end = period
    with app.app_context():
        found = updates_of(view, start, end, data_version())
    asked = view.but(as_of=end - TICK, columns=("number", "card"), sort=("number",))
    open_now = read(rows(asked, end - TICK))
    carded = set(open_now[open_now["card"].notna()]["number"])
    inside = [s for s in world["said"] if start <= s["at"] < end and s["case_number"] in carded]
    if len({s["case_number"] for s in inside}) <= 100:
        assert sorted((r["number"], r["at"]) for r in found) == sorted(
            (s["case_number"], s["at"]) for s in inside
        )
    if found:
        assert found[0]["comments"] == len(inside)
        assert found[0]["cases"] == len({s["case_number"] for s in inside})


def test_a_report_is_a_few_statements_and_none_when_it_is_known(world, app):
    statements = []
    listen = lambda *given: statements.append(given[2])  # noqa: E731
    start, end = UNTIL - timedelta(days=7), UNTIL
    version = data_version()
    event.listen(database.engine(), "before_cursor_execute", listen)
    try:
        with app.app_context():
            first = report_of(View(severity=(1, 2, 3)), start, end, version)
            cold = len(statements)
            again = report_of(View(severity=(1, 2, 3), state="closed"), start, end, version)
    finally:
        event.remove(database.engine(), "before_cursor_execute", listen)
    assert first == again
    assert cold <= 9
    assert len(statements) == cold


def test_a_period_of_nothing_is_empty(world):
    report = make(View(account=("no such account",)), UNTIL - timedelta(days=7), UNTIL)
    assert report.is_empty
    assert set(report.counts.values()) == {0}
    future = make(View(), UNTIL + timedelta(days=5000), UNTIL + timedelta(days=5007))
    assert not any(future.cases[name] for name in ("opened", "closed", "severity", "hands"))
