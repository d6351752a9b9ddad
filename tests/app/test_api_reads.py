"""What the API reads is what the pages show, for any View."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import cache, database
from app.columns import COLUMNS
from app.facets import ALONE, TOGETHER
from app.metrics import COUNTS, count_values
from app.panel import answer
from app.panels import PANELS
from app.rows import records
from app.scope import Scope
from app.selection import count, rows
from app.story import story
from app.version import data_version
from app.view import View
from app.who import ENGINEERS
from tests.app.test_agreement import views

pytestmark = pytest.mark.database

AT = "as_of=2016-03-10"


@pytest.fixture(autouse=True)
def fresh(app):
    cache.breaker.reset()


def number(view):
    return int(database.read(count(view, view.as_of))["cases"].iloc[0])


@settings(max_examples=25)
@given(view=views, field=st.sampled_from([*TOGETHER, *ALONE]))
def test_every_facet_counts_the_rows_that_choosing_it_would_show(log, client, view, field):
    told = client.get(f"/api/v1/facets?{view.to_query()}&field={field}").json
    assert told["total"] == number(view)
    assert list(told["facets"]) == [field]
    for one in told["facets"][field][:3]:
        value = int(one["value"] or 0) if field == "severity" else one["value"]
        assert number(view.but(**{field: (value,)})) == one["cases"]


def test_facets_are_by_default_those_of_the_page(log, client):
    told = client.get(f"/api/v1/facets?{AT}").json
    assert list(told["facets"]) == list(TOGETHER)
    assert sum(one["cases"] for one in told["facets"]["status"]) == told["total"] == 362
    fault = client.get("/api/v1/facets?field=summary")
    assert (fault.status_code, fault.json["parameter"]) == (400, "field")


@settings(max_examples=15)
@given(view=views)
def test_accounts_and_engineers_add_up_to_the_catalogue(log, client, view):
    whole = count_values(view, view.as_of)
    for path in ("accounts", "engineers"):
        told = client.get(f"/api/v1/{path}?{view.to_query()}").json
        assert told["total"] == len(told["items"])
        for name in ("open_cases", "high_priority", "opened_last_week", "closed_last_week"):
            assert sum(one[name] for one in told["items"]) == whole[name], (path, name)
    for one in told["items"][:2]:
        asked = view.but(**{ENGINEERS.field: (one["name"],)})
        if not view.engineer or one["name"] in view.engineer:
            assert count_values(asked, view.as_of)["open_cases"] == one["open_cases"]


@settings(max_examples=15)
@given(view=views)
def test_stats_are_the_catalogue_and_facets_and_cases_agree(log, client, view):
    query = view.but(state="open").to_query()
    told = client.get(f"/api/v1/stats?{query}").json["metrics"]
    listed = client.get(f"/api/v1/cases?{query}&limit=1").json
    assert told["open_cases"]["value"] == listed["total"]
    whole = count_values(view, view.as_of)
    assert {metric.name: told[metric.name]["value"] for metric in COUNTS} == whole


def test_a_case_is_its_row_with_its_clock_and_links(log, client):
    asked = View(state="all", columns=tuple(COLUMNS), as_of=datetime(2016, 3, 10, tzinfo=UTC))
    table = records(database.read(rows(asked, asked.as_of, limit=5)))
    for row in table:
        told = client.get(f"/api/v1/cases/{row['number']}?{AT}").json
        listed = client.get(
            f"/api/v1/cases?state=all&{AT}&q={row['number']}&columns={','.join(COLUMNS)}"
        ).json["items"]
        [item] = [one for one in listed if one["number"] == row["number"]]
        assert {name: told[name] for name in COLUMNS} == item
        assert told["as_of"] == "2016-03-10T00:00:00Z"
        assert sum(told["days_waited_on"].values()) <= told["elapsed_days"] + 0.001
        assert told["links"] == []


def test_a_case_is_told_in_the_zone_of_the_view_and_only_since_it_was_there(log, client):
    address = "/api/v1/cases/INC0000045"
    told = client.get(f"{address}?as_of=2016-04-01&tz=Asia/Kolkata").json
    assert told["created"] == "2016-02-29T06:46:00+05:30"
    early = client.get(f"{address}?as_of=2016-01-01")
    assert (early.status_code, early.json["title"]) == (404, "Not yet")
    for path in ("/api/v1/cases/none", "/api/v1/cases/none/history", "/api/v1/cases/a%00b"):
        unknown = client.get(path)
        assert (unknown.status_code, unknown.json["title"]) == (404, "No such case")


def test_the_history_of_a_case_is_its_story(log, client):
    instant = datetime(2016, 4, 1, tzinfo=UTC)
    address = "/api/v1/cases/INC0000045/history?as_of=2016-04-01"
    told = client.get(address).json
    whole = records(database.read(story("INC0000045", instant)))
    assert [(one["field"], one["after"]) for one in told["items"]] == [
        (one["field"], one["after"]) for one in whole
    ]
    assert told["total"] == len(whole) == sum(told["kinds"].values()) > 3
    at = [one["at"] for one in told["items"]]
    assert at == sorted(at, reverse=True)
    assert client.get(f"{address}&limit=2").json["items"] == told["items"][:2]
    assert client.get(f"{address}&kind=bugs").json["items"] == []
    assert client.get(f"{address}&kind=case&kind=bugs").json["items"] == told["items"]
    fault = client.get(f"{address}&kind=none")
    assert (fault.status_code, fault.json["parameter"]) == (400, "kind")


def test_flow_tells_what_the_charts_of_its_page_tell(log, client):
    told = client.get("/api/v1/flow?as_of=2016-06-01&from=2016-03-01&to=2016-05-01").json
    assert (told["from"], told["to"]) == ("2016-03-01T00:00:00Z", "2016-05-01T00:00:00Z")
    names = [one["name"] for one in told["items"]]
    assert names[:3] == ["time_to_relief", "time_to_resolution", "time_to_close"]
    for one in told["items"]:
        chart = client.get(
            f"/api/v1/charts/{one['name']}.json?as_of=2016-06-01&from=2016-03-01&to=2016-05-01"
        )
        if chart.status_code == 409:  # it looks at the instant alone
            chart = client.get(f"/api/v1/charts/{one['name']}.json?as_of=2016-06-01")
        columns = [column["name"] for column in chart.json["columns"]]
        assert one["rows"] == [dict(zip(columns, row, strict=True)) for row in chart.json["rows"]]
    assert any(one["rows"] for one in told["items"])


def test_a_period_is_refused_by_what_looks_at_an_instant(log, client):
    for name, panel in PANELS.items():
        answered = client.get(f"/api/v1/charts/{name}.json?{AT}&from=2016-03-01")
        assert answered.status_code == (200 if panel.period else 409), name


def test_a_chart_is_what_its_card_shows(log, client):
    view, version = View(as_of=datetime(2016, 3, 10, tzinfo=UTC)), data_version()
    for name in ("by_severity", "backlog"):
        shown = orjson.loads(answer(PANELS[name], Scope.of(view, view.as_of, version), version))
        assert client.get(f"/api/v1/charts/{name}.json?{AT}").json == shown
