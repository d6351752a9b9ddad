"""The card of a panel: title, sentence, chart, its table one click away, and its file."""

from typing import Any

import orjson
from dash import MATCH, ClientsideFunction, Input, Output, clientside_callback, dcc, html
from dash.development.base_component import Component

from app.panel import Panel
from app.view import View
from app.words import SEVERITY_NAMES

GRAPH_OPTIONS = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["toImage", "resetScale2d"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}


def panel_card(panel: Panel, answer: str, view: View, width: str) -> Component:
    """A panel's finished JSON as a card; `width` is a class of the page's grid."""
    told: dict[str, Any] = orjson.loads(answer)
    name = panel.name
    empty = not told["rows"]
    body: list[Component] = [
        dcc.Store(id={"type": "figure", "name": name}, data=told["figure"]),
        dcc.Graph(
            id={"type": "graph", "name": name},
            figure={"data": [], "layout": {"template": {}, "xaxis": {"visible": False}}},
            config={**GRAPH_OPTIONS, "toImageButtonOptions": {"filename": f"caseboard-{name}"}},
            className="panel-chart linked" if _leads_on(told["figure"]) else "panel-chart",
            responsive=True,
        ),
    ]
    if empty:
        body = [html.Div("No case to draw here.", className="panel-empty")]
    return html.Section(
        [
            html.Header(
                [
                    html.H2(panel.title, title=panel.question),
                    html.P(told["sentence"], className="sentence", dir="auto"),
                ]
            ),
            html.Div(body, role="img", **{"aria-label": f"{panel.title}: {told['sentence']}"}),
            html.Details(
                [html.Summary("Show as table"), _table(panel, told)], className="panel-table"
            ),
            html.A(
                "CSV",
                href=view.url(f"/api/v1/charts/{name}.csv"),
                className="panel-file",
                title="Download the values of this chart",
            ),
        ],
        className=f"card panel {width}",
        **{"aria-label": panel.title},
    )


def _leads_on(figure: dict[str, Any]) -> bool:
    """Whether a click on a point of the figure leads to its rows."""
    return any("customdata" in trace for trace in figure["data"])


def _table(panel: Panel, told: dict[str, Any]) -> Component:
    numeric = {column.name for column in panel.columns if column.unit}
    heads = [
        html.Th(
            f"{column.label} ({column.unit})" if column.unit else column.label,
            className="number" if column.unit else "",
        )
        for column in panel.columns
    ]
    rows = [
        html.Tr(
            [
                html.Td(
                    _cell(column.name, value),
                    className="number" if column.name in numeric else "",
                    dir="auto",
                )
                for column, value in zip(panel.columns, row, strict=True)
            ]
        )
        for row in told["rows"]
    ]
    table = html.Table(
        [html.Caption(told["sentence"]), html.Thead(html.Tr(heads)), html.Tbody(rows)]
    )
    return html.Div(table, className="scroll", tabIndex="0")


def _cell(name: str, value: object) -> str:
    if value is None:
        return "not set"
    if name == "severity" and isinstance(value, int | float):
        return SEVERITY_NAMES[int(value)]
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


clientside_callback(
    ClientsideFunction("caseboard", "paint"),
    Output({"type": "graph", "name": MATCH}, "figure"),
    Input({"type": "figure", "name": MATCH}, "data"),
    Input("theme", "data"),
    Input("themes", "data"),
)
clientside_callback(
    ClientsideFunction("caseboard", "follow"),
    Output({"type": "graph", "name": MATCH}, "clickData"),
    Input({"type": "graph", "name": MATCH}, "clickData"),
    prevent_initial_call=True,
)
