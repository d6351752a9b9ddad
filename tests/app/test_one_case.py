"""Whoever opens one case waits for that case alone: each of its statements looks up, none reads all."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import g
from sqlalchemy import text

from app import database
from app.auth.person import LOCAL
from app.version import data_version
from app.view import View
from etl.seed import seed
from pages import case
from tests.app.sent import statements
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
# A case of the world has some dozens of facts; all of them together have tens of thousands.
MANY = 500
ASKING = ("select", "with")
A_CASE = """
select case_number from case_bugs join card_versions on cases @> array[case_number] limit 1
"""


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    """A filled database; the number of a case that has cards and bugs."""
    with cloned(EMPTY):
        seed(2_000, 4, UNTIL)
        with database.transaction() as connection:
            yield connection.execute(text(A_CASE)).scalar_one()


def scans(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of a plan that read a table."""
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


def looked_at(statement: str, parameters: Any) -> dict[str, float]:
    """How many rows of each table a statement looks at, where an index serves if one can."""
    with database.engine().connect() as connection:
        connection.exec_driver_sql("set enable_seqscan = off")
        explain = f"explain (analyze, format json) {statement}"
        ((told,),) = connection.exec_driver_sql(explain, parameters)
        connection.invalidate()
    rows: dict[str, float] = {}
    for scan in scans(told[0]["Plan"]):
        removed = sum(count for name, count in scan.items() if name.startswith("Rows Removed"))
        seen = (scan["Actual Rows"] + removed) * scan["Actual Loops"]
        rows[scan["Relation Name"]] = rows.get(scan["Relation Name"], 0) + seen
    return rows


def asked(sent: list[tuple[str, Any]]) -> dict[str, Any]:
    """Those of the statements that ask, each once, and what is bound in them."""
    return {one: bound for one, bound in sent if one.lstrip().lower().startswith(ASKING)}


def read_at_large(sent: list[tuple[str, Any]]) -> dict[str, dict[str, float]]:
    """The statements that look at many rows of a table."""
    read = {statement: looked_at(statement, bound) for statement, bound in asked(sent).items()}
    return {one: rows for one, rows in read.items() if max(rows.values(), default=0) > MANY}


@pytest.mark.parametrize("path", ["", "/history", "/history?limit=5"])
def test_the_api_looks_a_case_up(world, client, path):
    with statements() as sent:
        assert client.get(f"/api/v1/cases/{world}{path}").status_code == 200
    assert len(asked(sent)) >= 3
    assert not read_at_large(sent)


def test_the_page_looks_a_case_up(world, app):
    with app.test_request_context(), statements() as sent:
        g.person = LOCAL
        shown = case.content(View(), data_version(), world)
    assert world in str(shown)
    assert len(asked(sent)) >= 6
    assert not read_at_large(sent)
