"""One View, one answer: table, CSV, API, panels and tiles never disagree."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import database
from app.columns import COLUMNS
from app.metrics import COUNTS, count_values
from app.panel import asked_of, frame
from app.panels import PANELS
from app.period import Period
from app.rows import records
from app.scope import Scope
from app.selection import count, rows
from app.view import View
from tests import replay

pytestmark = [pytest.mark.database, pytest.mark.long]


def chosen(*values, most=2):
    return st.lists(st.sampled_from(values), unique=True, max_size=most).map(
        lambda picked: tuple(sorted(picked))
    )


instants = st.datetimes(datetime(2016, 2, 28), datetime(2017, 2, 6), timezones=st.just(UTC))
columns = st.lists(st.sampled_from(sorted(COLUMNS)), unique=True, min_size=1, max_size=6)
views = st.builds(
    View,
    q=st.sampled_from(["", "", "INC00001", "symptom 4", "%", "_", "'; drop table cases; --"]),
    state=st.sampled_from(["open", "closed", "all", "gone"]),
    severity=chosen(0, 1, 2, 3, 4),
    status=chosen("New", "Active", "Resolved", "Closed", "", "no such"),
    account=chosen("Location 204", "Location 143", "Location 93", ""),
    engineer=chosen("Resolver 84", "Resolver 176", ""),
    product=chosen("Category 53", "Category 46", ""),
    crit_sit=chosen("no", "yes"),
    sla=chosen("ok", "at_risk", "breached", most=3),
    bugs=chosen("any", "none", most=1),
    stale=st.none() | st.integers(0, 30),
    created_from=st.none() | instants,
    closed_to=st.none() | instants,
    as_of=instants,
    sort=columns.map(lambda names: tuple(f"-{n}" if len(n) % 2 else n for n in names)),
    columns=columns.map(lambda names: ("number", *(n for n in names if n != "number"))),
    tz=st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns"]),
)


@settings(max_examples=50)
@given(view=views)
def test_table_csv_api_and_count_have_the_same_rows_in_the_same_order(log, client, view):
    table = database.read(rows(view, view.as_of))
    assert len(table) == database.read(count(view, view.as_of))["cases"].iloc[0]

    answer = client.get(f"/api/v1/cases.csv?{view.to_query()}")
    assert answer.status_code == 200
    head, *lines = csv.reader(io.StringIO(answer.get_data(as_text=True)))
    assert tuple(head) == view.columns
    assert [line[0] for line in lines] == list(table["number"])

    pages, cursor = [], None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        told = client.get(f"/api/v1/cases?limit=300&{view.to_query()}{more}").get_json()
        pages += told["items"]
        cursor = told["next"]
        if cursor is None:
            break
    assert told["total"] == len(pages) == len(table)
    assert [item["number"] for item in pages] == list(table["number"])
    for item, line in zip(pages[:50], lines[:50], strict=True):
        for name, cell in zip(view.columns, line, strict=True):
            if COLUMNS[name].kind in {"text", "instant"}:
                assert (item[name] or "") == cell


@settings(max_examples=40)
@given(view=views)
def test_every_tile_leads_to_exactly_its_rows(log, view):
    values = count_values(view, view.as_of)
    for metric in COUNTS:
        linked = metric.rows(view, view.as_of)
        if linked is None:
            assert values[metric.name] == 0
            continue
        again = View.from_query(linked.to_query())
        assert values[metric.name] == number(again), metric.name


def number(view):
    return int(database.read(count(view, view.as_of))["cases"].iloc[0])


@settings(max_examples=40)
@given(view=views)
def test_panels_add_up_to_the_rows_of_their_view(log, view):
    scope = Scope.of(view, view.as_of)
    shown = number(view.but(state="open"))
    for name in ("by_severity", "by_status", "by_account", "by_engineer", "by_product", "by_age"):
        assert frame(PANELS[name], scope)["cases"].sum() == shown, name
    if not view.q:
        assert frame(PANELS["backlog"], scope)["open_cases"].iloc[-1] == shown


@settings(max_examples=6)
@given(view=views)
def test_every_number_of_a_panel_leads_to_exactly_its_rows(log, view):
    for panel in PANELS.values():
        month = Period(view.as_of - timedelta(days=30))
        asked = asked_of(panel, Scope.of(view, view.as_of, period=month))
        whole = frame(panel, asked)
        told = pd.concat([whole.head(2), whole.tail(2)])
        for row in records(told):
            for column, rows_of in panel.rows(row, asked).items():
                again = View.from_query(rows_of.to_query())
                assert number(again) == row[column], (panel.name, column, again)


@settings(max_examples=40)
@given(instant=instants, key=st.sampled_from(["created", "-severity", "account", "-updated"]))
def test_sorting_agrees_with_python(log, instant, key):
    table = database.read(rows(View(state="all", sort=(key,), as_of=instant), instant))
    name, down = key.removeprefix("-"), key.startswith("-")
    values = database.read(
        rows(View(state="all", sort=(key,), columns=("number", name), as_of=instant), instant)
    )
    pairs = [
        (None if pd.isna(value) else value, number)
        for number, value in values.itertuples(index=False, name=None)
    ]
    present = sorted((p for p in pairs if p[0] is not None), key=lambda p: p[1])
    present = sorted(present, key=lambda p: p[0], reverse=down)
    missing = sorted(p for p in pairs if p[0] is None)
    assert [number for _, number in present + missing] == list(table["number"])


def test_a_search_finds_what_a_person_typed_and_nothing_by_its_wildcards(log):
    instant = datetime(2016, 3, 5, tzinfo=UTC)
    asked = View(q="symptom 471", state="all", as_of=instant, columns=("summary",))
    found = database.read(rows(asked, instant))
    assert set(found["summary"]) <= {"Symptom 471"}
    assert database.read(count(View(q="%", state="all"), instant))["cases"].iloc[0] == 0


@settings(max_examples=25)
@given(instant=instants)
def test_sla_and_age_agree_with_a_replay(log, instant):
    asked = View(as_of=instant, columns=("number", "sla", "age_days", "severity"))
    table = database.read(rows(asked, instant)).set_index("number")
    targets = {1: 14, 2: 20, 3: 90, 4: 180}
    for number, row in replay.open_rows(instant).items():
        elapsed = (instant - replay.incidents()[number].opened).total_seconds() / 86_400
        target = targets[row.severity]
        state = "breached" if elapsed >= target else "at_risk" if elapsed > target / 2 else "ok"
        assert table.loc[number, "sla"] == state
        assert table.loc[number, "age_days"] == int(elapsed)
