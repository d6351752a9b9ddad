"""The case table over a seeded world, beside its statement run alone and an answer without rows."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask.testing import FlaskClient

from app import block as blocks
from app import database
from app.version import data_version
from app.view import View
from etl.seed import seed

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
NOW = "as_of=2026-06-02"
ASKED = {
    "open cases": "",
    "all cases": "state=all",
    "one account": "account=Acme+Telecom",
    "by severity and age": "sort=severity,created",
    "a common word": "state=all&q=error",
    "a rare word": "state=all&q=rareworda",
    "a number": "state=all&q=02000123",
    "two years before": "as_of=2024-06-01",
}
DEEP = 50_000

Figure = tuple[str, str, float, float]
Pair = Callable[[Callable[[], object], Callable[[], object]], tuple[float, float]]


def report(client: FlaskClient, cases: int, pair: Pair) -> list[Figure]:
    """Seed a world into the empty database and measure blocks of 100 rows of it."""
    started = time.perf_counter()
    seed(cases, 1, UNTIL)
    print(f"{cases:,} cases were seeded in {time.perf_counter() - started:.0f} s.\n")
    figures: list[Figure] = []
    for name, query in ASKED.items():
        figures.append((f"100 rows: {name}", "its statement alone",
                        *pair(lambda q=query: ask(client, q, 0), alone(query))))  # fmt: skip
    for start in (DEEP - 100, DEEP):
        ask(client, "state=all", start)
    figures.append((f"100 rows at row {DEEP:,}", "the first 100 rows",
                    *pair(lambda: ask(client, "state=all", DEEP),
                          lambda: ask(client, "state=all", 0))))  # fmt: skip
    figures.append(("100 rows: all cases", "a callback without rows",
                    *pair(lambda: ask(client, "state=all", 0),
                          lambda: ask(client, "", -1))))  # fmt: skip
    return figures


def ask(client: FlaskClient, query: str, start: int) -> Any:
    """One block as the browser asks for it."""
    span = {"startRow": start, "endRow": start + 100, "sortModel": []}
    answer = client.post(
        "/_dash-update-component",
        json={
            "output": "grid.getRowsResponse",
            "outputs": {"id": "grid", "property": "getRowsResponse"},
            "inputs": [{"id": "grid", "property": "getRowsRequest", "value": span}],
            "changedPropIds": ["grid.getRowsRequest"],
            "state": [{"id": "view", "property": "data", "value": query}],
        },
    )
    return json.loads(answer.data) if answer.status_code == 200 else None


def alone(query: str) -> Callable[[], object]:
    """The statement of a View's first block, run through the driver's cursor and nothing else."""
    view, version = View.from_query(query), data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    told: list[tuple[str, dict[str, Any]]] = []
    kept = blocks.fetch
    blocks.fetch = lambda sql, bound: told.append((sql, dict(bound))) or kept(sql, bound)  # type: ignore[func-returns-value]
    try:
        blocks.block(view, instant, version, 0, 100)
    finally:
        blocks.fetch = kept
    raw = database.engine().raw_connection()

    def run() -> object:
        with raw.cursor() as cursor:
            cursor.execute(*told[0])
            return cursor.fetchall()

    return run
