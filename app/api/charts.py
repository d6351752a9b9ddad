"""`/api/v1/charts` and `/api/v1/stats`: the panels and the metric catalogue."""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from app.api.requests import as_json, asked_view, problem, reader_left
from app.export import copied, panel_csv_select
from app.metrics import catalogue_values
from app.panel import Panel, answer, asked_of
from app.panels import PANELS
from app.place import read_address
from app.scope import Scope
from app.version import Version, data_version
from app.view_fields import write_instant
from app.words import file_name

blueprint = Blueprint("charts", __name__, url_prefix="/api/v1")


@blueprint.get("/stats")
def stats() -> Response:
    """Every metric of the catalogue for a View: `{"as_of", "version", "metrics"}`."""
    view, version = asked_view(), data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    return as_json(
        {
            "as_of": write_instant(instant),
            "version": version.number,
            "metrics": catalogue_values(view, instant, live=version.live(instant)),
        }
    )


@blueprint.get("/charts")
def charts() -> Response:
    """The panels there are: `{"items": [{"name", "title", "question"}]}`."""
    return as_json(
        {
            "items": [
                {"name": panel.name, "title": panel.title, "question": panel.question}
                for panel in PANELS.values()
            ]
        }
    )


@blueprint.get("/charts/<name>.json")
def chart_json(name: str) -> Response:
    """One panel for a View: its columns, rows and figure."""
    panel = PANELS.get(name)
    if panel is None:
        return unknown_chart(name)
    version = data_version()
    return Response(answer(panel, _scope(panel, version), version), mimetype="application/json")


@blueprint.get("/charts/<name>.csv")
def chart_csv(name: str) -> Response:
    """One panel's rows for a View as a CSV file."""
    panel = PANELS.get(name)
    if panel is None:
        return unknown_chart(name)
    asked = asked_of(panel, _scope(panel, data_version()))
    statement = panel_csv_select(panel, asked)
    name = _file(panel, asked.view.sentence())
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    told = copied(statement, zone=asked.view.tz, left=reader_left())
    return Response(told, mimetype="text/csv", headers=headers)


def _scope(panel: Panel, version: Version) -> Scope:
    """What the request asks a panel: a View, and a period where the panel looks at one."""
    query = request.query_string.decode("utf-8", "replace")
    view, period = read_address(query, period=panel.period)
    instant = view.instant(datetime.now(UTC), version.changed_at)
    return Scope.of(view, instant, version, period)


def _file(panel: Panel, sentence: str) -> str:
    return f"{file_name(f'{panel.title} {sentence}')}.csv"


def unknown_chart(name: str) -> Response:
    """404: there is no such chart, but these."""
    known = ", ".join(PANELS)
    return problem(404, "No such chart", f"There is no chart {name[:60]!r}; charts are {known}.")
