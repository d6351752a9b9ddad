"""The card of a panel: title, sentence, chart, its table one key away, and its file.

The card comes at once with its final size; what it shows follows by itself, each panel alone.
"""

from datetime import UTC, datetime
from typing import Any

import orjson
from dash import (
    ALL,
    MATCH,
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    dcc,
    html,
    no_update,
)
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.panel import Panel, answer, drawn, is_long, told_sentence
from app.panels import PANELS
from app.period import Period
from app.place import Place, read_address
from app.scope import Scope
from app.version import Version, data_version
from app.view import View
from app.view_fields import ParameterError
from components import notices
from components.finished import finished
from components.paneltable import plain_table, table
from components.share import share_chart

GRAPH_OPTIONS = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["toImage", "resetScale2d"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}


def panel_card(panel: Panel, view: View, place: Place, width: str) -> Component:
    """A panel about a View at a place; `width` is a class of the page's grid."""
    name = panel.name
    query = "&".join(part for part in (view.to_query(), _period_of(panel, place)) if part)
    return html.Section(
        [
            dcc.Store(id={"type": "panel", "name": name}, data={"panel": name, "query": query}),
            html.Header(
                [
                    html.H2(panel.title, title=panel.question),
                    html.P(
                        view.but(state=panel.state).sentence(),
                        className="sentence",
                        dir="auto",
                        id={"type": "sentence", "name": name},
                    ),
                ]
            ),
            html.Div(
                html.Div(className="skeleton chart-skeleton"),
                id={"type": "body", "name": name},
                className="panel-body",
            ),
            html.Details(
                [
                    html.Summary("Show as table", title="Key: t"),
                    # Whether it is open, told by the browser.
                    dcc.Store(id={"type": "open-table", "name": name}),
                    html.Div(id={"type": "table", "name": name}),
                    dcc.Store(id={"type": "long-table", "name": name}),
                    html.Div(className="long-table"),
                ],
                className="panel-table",
                **{"data-panel": name},
            ),
            html.Div(
                [
                    share_chart(panel, query),
                    html.A(
                        "CSV",
                        href=f"/api/v1/charts/{name}.csv{f'?{query}' if query else ''}",
                        className="panel-file",
                        title="Download the values of this chart",
                    ),
                ],
                className="panel-acts",
            ),
        ],
        className=f"card panel {width}",
        tabIndex="0",
        **{"aria-label": panel.title},
    )


def _period_of(panel: Panel, place: Place) -> str:
    return place.period.to_query() if panel.period else ""


@callback(
    Output({"type": "body", "name": MATCH}, "children"),
    Output({"type": "table", "name": MATCH}, "children"),
    Output({"type": "long-table", "name": MATCH}, "data"),
    Output({"type": "sentence", "name": MATCH}, "children"),
    Input({"type": "panel", "name": MATCH}, "data"),
    State({"type": "open-table", "name": MATCH}, "data"),
)
def show(asked: Any, opened: Any) -> tuple[Any, Any, Any, Any]:
    """What a panel says now: its chart, its table and its sentence.

    A long table comes only once somebody opens it.
    """
    panel, scope = _asked(asked)
    if panel is None or scope is None:
        return no_update, no_update, no_update, no_update
    try:
        version = data_version()
        full = _scope(scope, version)
        key = ("card", panel.name, *full.key, str(opened is True), version.key)
        body, short, long, sentence = finished(
            key, lambda: _shown(panel, full, version, opened=opened is True)
        )
    except SQLAlchemyError as error:
        return notices.panel_fault(error), None, None, no_update
    return body, short, long, sentence


def _shown(panel: Panel, scope: Scope, version: Version, *, opened: bool) -> tuple[Any, ...]:
    """Chart, short table, long table and sentence; of a long table nothing until it is opened."""
    if opened:
        told: dict[str, Any] = orjson.loads(answer(panel, scope, version))
        long = is_long(told)
    else:
        chart, long = drawn(panel, scope, version)
        told = orjson.loads(chart)
    empty = not told["n"] or not (told["rows"] or long)
    body, sentence = [_body(panel, told, empty=empty), *_noted(told)], told_sentence(told)
    if not long:
        return body, table(told, scope.view), None, sentence
    return body, None, plain_table(told, scope.view) if opened else None, sentence


@callback(
    Output({"type": "long-table", "name": MATCH}, "data", allow_duplicate=True),
    Input({"type": "open-table", "name": MATCH}, "data"),
    State({"type": "panel", "name": MATCH}, "data"),
    prevent_initial_call=True,
)
def show_table(opened: Any, asked: Any) -> Any:
    """The long table of a panel, when somebody opens it."""
    panel, scope = _asked(asked)
    if panel is None or scope is None or opened is not True:
        return no_update
    version = data_version()
    full = _scope(scope, version)
    told = orjson.loads(answer(panel, full, version))
    return plain_table(told, full.view) if is_long(told) else no_update


def _scope(asked: tuple[View, Period], version: Version) -> Scope:
    view, period = asked
    return Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version, period)


def _asked(asked: Any) -> tuple[Panel | None, Any]:
    """The panel, and the View and period, that a store names; None for anything else."""
    if not isinstance(asked, dict):
        return None, None
    panel, query = PANELS.get(str(asked.get("panel"))), asked.get("query")
    if panel is None or not isinstance(query, str):
        return None, None
    try:
        return panel, read_address(query, period=panel.period)
    except ParameterError:
        return None, None


def _body(panel: Panel, told: dict[str, Any], *, empty: bool) -> Component:
    if empty:
        return html.Div(panel.empty, className="panel-empty")
    name = panel.name
    words = (
        f"{panel.title}: {told_sentence(told)}. {panel.question} The table below has the values."
    )
    return html.Div(
        [
            dcc.Store(id={"type": "figure", "name": name}, data=told["figure"]),
            dcc.Graph(
                id={"type": "graph", "name": name},
                figure={"data": [], "layout": {"template": {}, "xaxis": {"visible": False}}},
                config={**GRAPH_OPTIONS, "toImageButtonOptions": {"filename": f"caseboard-{name}"}},
                className="panel-chart linked" if _leads_on(told["figure"]) else "panel-chart",
                responsive=True,
            ),
        ],
        role="figure",
        **{"aria-label": words},
    )


def _noted(told: dict[str, Any]) -> list[Component]:
    """What is noted in the period of a chart over days, which its lines only begin to say."""
    found = told["annotations"]
    if not found:
        return []
    rows = [
        html.Li([html.Time(one["at"]), " ", html.Span(one["told"])], dir="auto") for one in found
    ]
    words = "1 annotation" if len(found) == 1 else f"{len(found)} annotations"
    return [html.Details([html.Summary(words), html.Ul(rows)], className="panel-notes")]


def _leads_on(figure: dict[str, Any]) -> bool:
    """Whether a click on a point of the figure adds a filter."""
    return any("customdata" in trace for trace in figure["data"])


# New data: the panels ask anew, while what they showed stays.
clientside_callback(
    ClientsideFunction("caseboard", "renewPanels"),
    Output({"type": "panel", "name": ALL}, "data"),
    Input("board-version", "data"),
    State({"type": "panel", "name": ALL}, "data"),
    State("page-version", "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("paneltable", "draw"),
    Output({"type": "open-table", "name": MATCH}, "id"),
    Input({"type": "long-table", "name": MATCH}, "data"),
    State({"type": "open-table", "name": MATCH}, "id"),
    prevent_initial_call=True,
)
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
