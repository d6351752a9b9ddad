"""Addresses: what they answer, and how they refuse."""

import orjson
import pytest

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    "path", ["/api/v1/cases", "/api/v1/cases.csv", "/api/v1/stats", "/api/v1/charts/backlog.json"]
)
def test_a_bad_parameter_gives_400_and_names_it(log, client, path):
    answer = client.get(f"{path}?severity=9")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert body["parameter"] == "severity"
    assert "1, 2, 3, 4" in body["detail"]
    unknown = client.get(f"{path}?severty=1")
    assert unknown.status_code == 400
    assert "did you mean severity?" in unknown.get_json()["detail"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=1", "cursor=a~b"])
def test_limit_and_cursor_are_checked(log, client, query):
    assert client.get(f"/api/v1/cases?{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/cases", 200),
        ("/cases?severity=1", 200),
        ("/cases/INC0000045", 200),
        ("/?severity=9", 400),
        ("/cases?nonsense=1", 400),
        ("/nowhere", 404),
        ("/api/v1/nowhere", 404),
        ("/api/v1/charts/nowhere.json", 404),
        ("/healthz", 200),
        ("/readyz", 200),
    ],
)
def test_each_address_answers_with_its_status(log, client, path, status):
    assert client.get(path).status_code == status


def test_writing_is_not_taken_where_only_reading_is(log, client):
    assert client.post("/api/v1/cases").status_code == 405


def test_stats_hold_the_catalogue_at_the_instant(log, client):
    body = client.get("/api/v1/stats?as_of=2016-03-10").get_json()
    assert body["as_of"] == "2016-03-10T00:00:00Z"
    assert body["metrics"]["open_cases"] == {"value": 362, "unit": "cases"}
    assert body["metrics"]["by_severity"]["value"] == {"1": 8, "2": 12, "3": 298, "4": 44}


def test_a_chart_has_title_sentence_rows_and_the_same_csv(log, client):
    listed = client.get("/api/v1/charts").get_json()["items"]
    assert {"name", "title", "question"} == set(listed[0])
    for chart in listed:
        told = client.get(f"/api/v1/charts/{chart['name']}.json?as_of=2016-03-10").get_json()
        assert told["title"] == chart["title"]
        assert "as known on 10 March 2016" in told["sentence"]
        text = client.get(f"/api/v1/charts/{chart['name']}.csv?as_of=2016-03-10").text
        head, *lines = text.splitlines()
        assert head.split(",") == [column["name"] for column in told["columns"]]
        assert len(lines) == len(told["rows"])


def test_instants_are_written_in_the_zone_of_the_view(log, client):
    query = "columns=number,created&q=INC0000045&state=all&as_of=2016-04-01&tz=Asia/Kolkata"
    item = client.get(f"/api/v1/cases?{query}").get_json()["items"][0]
    assert item["created"] == "2016-02-29T06:46:00+05:30"
    line = client.get(f"/api/v1/cases.csv?{query}").text.splitlines()[1]
    assert line == "INC0000045,2016-02-29T06:46:00+05:30"


def test_the_file_is_named_by_the_sentence(log, client):
    answer = client.get("/api/v1/cases.csv?account=Acme&as_of=2016-03-10")
    name = "open-cases-of-acme-as-known-on-10-march-2016.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("request_body", [None, {}, {"startRow": -1, "endRow": 5}, {"startRow": 0},
    {"startRow": 0, "endRow": 10**9}, {"startRow": "0", "endRow": "9"}, {"startRow": True, "endRow": 5}])  # fmt: skip
def test_a_block_that_is_no_proper_request_has_no_rows(log, request_body):
    from dash import no_update

    from components.casegrid import rows_of_block as block

    assert block(request_body, "") is no_update


def test_a_block_is_the_rows_of_the_view_in_the_order_of_the_headers(log):
    from components.casegrid import rows_of_block as block

    request = {"startRow": 10, "endRow": 20, "sortModel": [{"colId": "number", "sort": "desc"}]}
    told = block(request, "as_of=2016-03-10&columns=number")
    numbers = [row["number"] for row in orjson.loads(orjson.dumps(told["rowData"]))]
    assert len(numbers) == 10
    assert numbers == sorted(numbers, reverse=True)
    assert told["rowCount"] is None
    last = block({"startRow": 300, "endRow": 400}, "as_of=2016-03-10")
    assert last["rowCount"] == 362
    strange = {**request, "sortModel": [{"colId": "nonsense", "sort": "desc"}]}
    rows = orjson.loads(orjson.dumps(block(strange, "as_of=2016-03-10")["rowData"]))
    assert len(rows) == 10


@pytest.mark.parametrize(
    "body",
    [None, [], {}, "x", 7, {"output": "nothing.children"}, {"output": "grid.getRowsResponse"},
     {"output": "..a.b...c.d..", "outputs": [], "inputs": {}, "changedPropIds": 5},
     {"output": "_pages_content.children", "inputs": [[[]]], "outputs": {"id": {}, "property": 1}}],
)  # fmt: skip
def test_a_crafted_callback_request_is_refused_not_a_fault(log, client, body):
    answer = client.post("/_dash-update-component", json=body)
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/problem+json"
    assert "Traceback" not in answer.text


def test_an_answer_that_takes_too_long_says_so(log, client, monkeypatch):
    from sqlalchemy import text

    from app import database
    from app.api import cases as api

    def slow(*_, **__):
        with database.transaction() as connection:
            connection.execute(text("set local statement_timeout = '20ms'"))
            connection.execute(text("select pg_sleep(5)"))

    monkeypatch.setattr(api, "number_of_rows", slow)
    answer = client.get("/api/v1/cases")
    assert answer.status_code == 503
    assert "narrow the selection" in answer.get_json()["detail"]
