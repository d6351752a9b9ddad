"""Random states of the grid, through the real callback: screen, CSV, API and an oracle agree.

The oracle is SQL of its own over the facts' current rows (`cases` and what hangs on them), written
without the View's statements.
"""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import cache, database
from app.columns import COLUMNS
from app.settings import get_settings
from app.view import View
from app.words import SEVERITY_NAMES
from etl.seed import seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
CASES = 600

# What the grid can sort and show, as the oracle finds it.
ORACLE = {
    "number": 'k.case_number collate "C"',
    "created": "k.created_date",
    "updated": "k.last_update",
    "closed": "k.closed_date",
    "severity": "k.severity",
    "status": 'k.status collate "C"',
    "account": 'k.account collate "C"',
    "summary": 'k.summary collate "C"',
    "product": 'k.product collate "C"',
    "owner": 'k.owner collate "C"',
    "engineer": 'coalesce(c.assignee, k.owner) collate "C"',
    "card": 'c.key collate "C"',
    "group": 'k.group_name collate "C"',
    "escalated": "k.escalated",
    "crit_sit": "k.crit_sit",
    "relief": "k.relief_at",
    "bugs": "array(select key from case_bugs b where b.case_number = k.case_number order by key)",
    "tags": "k.tags",
}
FILTERS = {
    "severity": "k.severity::text = any(:severity)",
    "account": "k.account = any(:account)",
    "engineer": "coalesce(c.assignee, k.owner) = any(:engineer)",
    "status": "k.status = any(:status)",
    "product": "k.product = any(:product)",
    "tag": "(k.tags && cast(:tag as text[]) or '' = any(:tag) and k.tags = '{}')",
    "label": "c.labels && cast(:label as text[])",
    "escalated": "k.escalated = any(:escalated)",
}
STATES = {
    "open": "k.status <> 'Closed'",
    "closed": "k.status = 'Closed'",
    "all": "true",
}
SORTABLE = sorted(set(ORACLE) - {"bugs", "tags"})


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        seed(CASES, 7, UNTIL)
        yield


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


def oracle(state: dict) -> list[dict]:
    keys = [
        f"{ORACLE[name.removeprefix('-')]} {'desc' if name.startswith('-') else 'asc'} nulls last"
        for name in state["sort"]
    ]
    asked = [STATES[state["state"]], *(FILTERS[name] for name in state["filters"])]
    columns = ", ".join(
        f"{ORACLE[name]} as {name}" for name in {*state["columns"], "number"} if name != "group"
    )
    statement = f"""
        select {columns}, k.group_name as "group" from cases k
        left join jira_cards c on c.key = k.fe_jira_card
        where {" and ".join(asked)} order by {", ".join([*keys, ORACLE["number"]])}
    """
    bound = {name: list(values) for name, values in state["filters"].items()}
    with database.snapshot() as connection:
        return [dict(row) for row in connection.execute(text(statement), bound).mappings()]


VALUES = {
    "severity": ["1", "2", "3", "4"],
    "account": ["Acme Telecom", "Northwind Telecom", "Globex Telecom"],
    "engineer": ["Ana Abe", "Ivan Kaya", "Goran Diaz"],
    "status": ["New", "Closed", "Awaiting Vendor", "Waiting on Customer"],
    "product": ["Edge 1", "Core 1", "Mesh 3"],
    "tag": ["5gc", "ptp", ""],
    "label": ["Trends", "field"],
    "escalated": ["yes", "potential", "no"],
}
states = st.fixed_dictionaries(
    {
        "state": st.sampled_from(sorted(STATES)),
        "filters": st.dictionaries(st.sampled_from(sorted(FILTERS)), st.none(), max_size=2).flatmap(
            lambda chosen: st.fixed_dictionaries(
                {
                    name: st.lists(
                        st.sampled_from(VALUES[name]), min_size=1, max_size=3, unique=True
                    )
                    for name in chosen
                }
            )
        ),
        "sort": st.lists(st.sampled_from(SORTABLE), min_size=1, max_size=3, unique=True).flatmap(
            lambda names: st.tuples(*(st.sampled_from([n, f"-{n}"]) for n in names))
        ),
        "columns": st.lists(st.sampled_from(sorted(ORACLE)), min_size=1, max_size=8, unique=True),
        "by_header": st.booleans(),
        "block": st.integers(7, 200),
    }
)


def query_of(state: dict) -> str:
    values = {
        "state": [state["state"]],
        **state["filters"],
        "columns": [",".join(state["columns"])],
    }
    if not state["by_header"]:
        values["sort"] = [",".join(state["sort"])]
    return View.from_values(values).to_query()


def header_model(names) -> list[dict]:
    """What the grid tells of its sorted headers."""
    return [
        {"colId": name.removeprefix("-"), "sort": "desc" if name.startswith("-") else "asc"}
        for name in names
    ]


def on_screen(client, state: dict) -> list[dict]:
    """All rows of a state, block by block, as the browser asks for them."""
    # Headers show what the address sorts by, as far as the columns are there.
    model = header_model(
        name
        for name in state["sort"]
        if state["by_header"] or name.removeprefix("-") in state["columns"]
    )
    rows, start = [], 0
    while True:
        asked = {
            "startRow": start,
            "endRow": start + state["block"],
            "sortModel": model,
            "filterModel": {},
        }
        told = block_of(client, asked, query_of(state))
        rows += told["rowData"]
        start += state["block"]
        if told["rowCount"] is not None:
            assert told["rowCount"] == len(rows)
            return rows


def block_of(client, asked: dict, query: str) -> dict:
    answer = client.post(
        "/_dash-update-component",
        json={
            "output": "grid.getRowsResponse",
            "outputs": {"id": "grid", "property": "getRowsResponse"},
            "inputs": [{"id": "grid", "property": "getRowsRequest", "value": asked}],
            "changedPropIds": ["grid.getRowsRequest"],
            "state": [{"id": "view", "property": "data", "value": query}],
        },
    )
    assert answer.status_code == 200
    return json.loads(answer.text)["response"]["grid"]["getRowsResponse"]


def test_a_header_that_is_not_sorted_by_any_more_gives_the_usual_order(desk, client):
    def numbers(query: str, names: list[str]) -> list[str]:
        asked = {"startRow": 0, "endRow": 50, "sortModel": header_model(names)}
        return [row["number"] for row in block_of(client, asked, query)["rowData"]]

    usual = numbers("", ["-updated"])
    by_severity = numbers("sort=severity", ["severity"])
    assert usual != by_severity
    assert numbers("", ["severity"]) == by_severity
    # The address still names the order that was left.
    assert numbers("sort=severity", []) == usual


def as_shown(name: str, value):
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else value


@settings(max_examples=60)
@given(state=states)
def test_screen_file_api_and_oracle_hold_the_same_rows_in_the_same_order(desk, client, state):
    expected = oracle(state)
    shown = on_screen(client, state)
    names = state["columns"]
    assert [row["number"] for row in shown] == [row["number"] for row in expected]
    for row, true in zip(shown, expected, strict=True):
        assert {name: row[name] for name in names} == {
            name: as_shown(name, true[name]) for name in names
        }

    sort = f"&sort={','.join(state['sort'])}" if state["by_header"] else ""
    query = query_of(state) + sort
    head, *lines = csv.reader(io.StringIO(client.get(f"/api/v1/cases.csv?{query}").text))
    assert head == names
    assert len(lines) == len(expected)
    place = names.index("number") if "number" in names else None
    if place is not None:
        assert [line[place] for line in lines] == [row["number"] for row in expected]
    for name in names:
        if COLUMNS[name].kind == "text":
            column = names.index(name)
            assert [line[column] for line in lines] == [row[name] or "" for row in expected]

    told = client.get(f"/api/v1/cases?limit=1000&{query}").get_json()
    assert told["total"] == len(expected)
    assert list(told["items"][0]) == names if expected else told["items"] == []
    for name in names:
        if COLUMNS[name].kind in {"text", "number", "list", "flag"}:
            assert [item[name] for item in told["items"]] == [row[name] for row in expected]


def test_the_header_s_order_wins_and_a_hidden_key_is_kept(desk, client):
    hidden = {
        "state": "open",
        "filters": {},
        "sort": ("-severity", "created"),
        "columns": ["number", "severity"],
        "by_header": False,
        "block": 50,
    }
    rows = on_screen(client, hidden)
    assert [row["number"] for row in rows] == [row["number"] for row in oracle(hidden)]
    assert SEVERITY_NAMES[rows[0]["severity"]] == "Low"
    assert get_settings().auth == "none"
