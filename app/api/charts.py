"""`/api/v1/charts` and `/api/v1/stats`: the panels and the metric catalogue."""

from collections.abc import Container
from datetime import datetime

import orjson
from flask import Blueprint, Response, request

from app.api.operation import CSV, Json, Text, described
from app.api.parameters import COMPARED, VIEW, choice
from app.api.requests import (
    as_csv,
    as_json,
    asked_instant,
    asked_scope,
    asked_version,
    asked_view,
    look_at_version_anew,
    problem,
    reader_left,
)
from app.api.schemas import (
    INSTANT,
    METRICS_EXAMPLE,
    SCALAR,
    TEXT,
    WHOLE,
    component,
    many,
    record,
    table,
)
from app.cache import remembered
from app.export import copied, panel_csv_select
from app.metrics import catalogue_values
from app.panel import Panel, answer, asked_of
from app.panels import PANELS
from app.period import PARAMETERS
from app.place import read_address
from app.scope import Scope
from app.version import Version, data_version
from app.view import View
from app.view_fields import Contradiction, write_instant

blueprint = Blueprint("charts", __name__, url_prefix="/api/v1")

TAG = "Numbers and charts"
# Loads do not follow each other so fast.
ATTEMPTS = 8
CHART = choice("name", "The chart", list(PANELS), "by_severity")
NO_SUCH = {404: "There is no such chart"}
NAMED = {"name": TEXT, "title": TEXT, "question": TEXT}
TOLD = record(
    {
        **NAMED,
        "sentence": TEXT,
        "as_of": INSTANT,
        "n": WHOLE,
        "counted": {**TEXT, "description": "What `n` counts, where it is not cases"},
        "columns": many(record({"name": TEXT, "label": TEXT, "unit": TEXT})),
        "rows": many(many(SCALAR)),
        "links": {
            **many(table(TEXT)),
            "description": "Of each row, by column, the query of the View whose rows it counts",
        },
        "figure": {"type": "object", "description": "A Plotly figure: data and layout"},
        "annotations": many(record({"at": TEXT, "told": TEXT})),
    }
)
NAME_EXAMPLE = {
    "name": "by_severity",
    "title": "Open by severity",
    "question": "How severe is what is open?",
}
EXAMPLE = {
    **NAME_EXAMPLE,
    "sentence": "open cases",
    "as_of": "2026-01-31T09:30:00Z",
    "n": 3,
    "counted": "",
    "columns": [
        {"name": "severity", "label": "Severity", "unit": ""},
        {"name": "cases", "label": "Open cases", "unit": "cases"},
    ],
    "rows": [[1, 1], [2, 2]],
    "links": [{"cases": "severity=1"}, {"cases": "severity=2"}],
    "figure": {"data": [{"type": "bar", "x": ["Urgent", "High"], "y": [1, 2]}], "layout": {}},
    "annotations": [],
}


@blueprint.get("/stats")
@described(
    "The metric catalogue",
    TAG,
    takes=VIEW,
    gives=Json(
        record({"as_of": INSTANT, "version": WHOLE, "metrics": component("Metrics")}),
        {"as_of": "2016-03-10T00:00:00Z", "version": 4, "metrics": METRICS_EXAMPLE},
    ),
    versioned=True,
)
def stats() -> Response:
    """Every metric for the cases of a View, as of its instant.

    `version` is that of the data: it grows with each load that changed something.
    """
    view = asked_view()
    for _ in range(ATTEMPTS):
        version, instant = asked_version(), asked_instant(view)
        metrics = _metrics(view, instant, version)
        # A load between the look at the version and that at the cases: the numbers are of another.
        if data_version().key == version.key:
            break
        look_at_version_anew()
    told = {"as_of": write_instant(instant), "version": version.number}
    return as_json({**told, "metrics": orjson.loads(metrics)})


def _metrics(view: View, instant: datetime, version: Version) -> str:
    """The catalogue as JSON; remembered by (View, instant, data version)."""
    asked = view.only_filters()
    key = ("stats", asked.to_query(), write_instant(instant), version.key)

    def compute() -> str:
        return orjson.dumps(catalogue_values(asked, instant, live=version.live(instant))).decode()

    return remembered(key, compute)


@blueprint.get("/charts")
@described(
    "The charts there are",
    TAG,
    takes=VIEW,
    gives=Json(record({"items": many(record(NAMED))}), {"items": [NAME_EXAMPLE]}),
)
def charts() -> Response:
    """Every chart with its name, its title, and the question that it answers."""
    asked_view()
    return as_json(
        {
            "items": [
                {"name": panel.name, "title": panel.title, "question": panel.question}
                for panel in PANELS.values()
            ]
        }
    )


@blueprint.get("/charts/<name>.json")
@described(
    "A chart's data and figure",
    TAG,
    takes=(CHART, *VIEW, *COMPARED),
    gives=Json(TOLD, EXAMPLE),
    faults=NO_SUCH,
    versioned=True,
)
def chart_json(name: str) -> Response:
    """Columns, rows and the Plotly figure of a chart for a View.

    `from`, `to` and `compare` are taken by charts of a period.
    """
    panel = PANELS.get(name)
    if panel is None:
        return unknown_chart(name)
    return Response(answer(panel, _scope(panel), asked_version()), mimetype="application/json")


@blueprint.get("/charts/<name>.csv")
@described(
    "A chart's rows as a file",
    TAG,
    takes=(CHART, *VIEW, *COMPARED),
    gives=Text(CSV, "severity,cases\n1,1\n2,2\n"),
    faults=NO_SUCH,
    versioned=True,
)
def chart_csv(name: str) -> Response:
    """The rows of a chart for a View."""
    panel = PANELS.get(name)
    if panel is None:
        return unknown_chart(name)
    asked = asked_of(panel, _scope(panel))
    rows = copied(panel_csv_select(panel, asked), zone=asked.view.tz, left=reader_left())
    return as_csv(rows, f"{panel.title} {asked.view.sentence()}")


def _scope(panel: Panel) -> Scope:
    """What the request asks a panel: a View, and a period where the panel looks at one."""
    refuse_period(panel, request.args)
    query = request.query_string.decode("utf-8", "replace")
    return asked_scope(*read_address(query, period=panel.period))


def refuse_period(panel: Panel, names: Container[str]) -> None:
    """Contradiction where a period is given to a panel that looks at none."""
    beside = next((name for name in PARAMETERS if name in names), None)
    if beside and not panel.period:
        raise Contradiction(beside, f"{panel.name} looks at an instant, not at a period")


def unknown_chart(name: str) -> Response:
    """404: there is no such chart, but these."""
    known = ", ".join(PANELS)
    return problem(404, "No such chart", f"There is no chart {name[:60]!r}; charts are {known}.")
