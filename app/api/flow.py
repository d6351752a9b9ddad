"""`/api/v1/flow`: how long cases take, and what slows them down."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from app.api.charts import NAMED, TAG
from app.api.operation import Json, described
from app.api.parameters import PERIOD, VIEW
from app.api.requests import as_json, asked_scope, asked_version
from app.api.schemas import INSTANT, SCALAR, TEXT, WHOLE, many, record, table
from app.panel import answer
from app.panels import PANELS
from app.place import read_address
from app.view_fields import write_instant

blueprint = Blueprint("flow", __name__, url_prefix="/api/v1")

TOLD_OF = ("time_to_relief", "time_to_resolution", "time_to_close", "waiting", "ageing",
           "reopen_rate")  # fmt: skip
KEPT = ("name", "title", "question", "sentence", "n", "counted", "columns")
COLUMNS = many(record({"name": TEXT, "label": TEXT, "unit": TEXT}))
ROW = table({"type": [*SCALAR["type"], "array"]})


@blueprint.get("/flow")
@described(
    "How long cases take",
    TAG,
    takes=(*VIEW, *PERIOD),
    gives=Json(
        record(
            {
                "as_of": INSTANT,
                "from": INSTANT,
                "to": INSTANT,
                "items": many(
                    record(
                        {
                            **NAMED,
                            "sentence": TEXT,
                            "n": WHOLE,
                            "counted": TEXT,
                            "columns": COLUMNS,
                            "rows": many(ROW),
                        }
                    )
                ),
            }
        ),
        {
            "as_of": "2026-01-31T09:30:00Z",
            "from": "2025-02-01T00:00:00Z",
            "to": "2026-01-31T09:30:00Z",
            "items": [
                {
                    "name": "time_to_close",
                    "title": "Time to close",
                    "question": "How long do cases take to close?",
                    "sentence": "all cases",
                    "n": 40,
                    "counted": "",
                    "columns": [{"name": "p50", "label": "Median", "unit": "days"}],
                    "rows": [{"p50": 5.5}],
                }
            ],
        },
    ),
    versioned=True,
)
def flow() -> Response:
    """Times to relief, resolution and close by severity, who was waited on, ages, reopenings.

    Each item holds the rows of the chart of that name, a row as an object by column; times are of
    what was reached from `from` to `to`, by default in the last 365 days.
    """
    view, period = read_address(request.query_string.decode("utf-8", "replace"), period=True)
    scope = asked_scope(view, period)
    start, end = scope.period.filled()
    return as_json(
        {
            "as_of": write_instant(scope.instant),
            "from": write_instant(start),
            "to": write_instant(end),
            "items": [_item(orjson.loads(answer(PANELS[name], scope, asked_version())))
                      for name in TOLD_OF],
        }
    )  # fmt: skip


def _item(told: dict[str, Any]) -> dict[str, Any]:
    names = [column["name"] for column in told["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in told["rows"]]
    return {**{name: told[name] for name in KEPT}, "rows": rows}
