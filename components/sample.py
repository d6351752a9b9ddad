"""The first minute: a board without cases offers to load a sample."""

from collections.abc import Callable
from typing import Any

from dash import (
    ClientsideFunction,
    Input,
    Output,
    callback,
    clientside_callback,
    dcc,
    html,
    no_update,
)
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.auth import audit
from app.auth.person import current
from app.syncs import connected
from app.version import data_version

MAP_EXAMPLE = """[source]
name = "our-desk"
time_format = "iso"
time_zone = "Europe/Berlin"

[columns]
number = "Ticket"
created = "Opened"
updated = "Changed"
status = "State"
severity = "Priority"
owner = "Assignee"
account = "Customer"
summary = "Subject"
"""


def first_minute() -> Component:
    """What a board without any case shows: that it is being filled, or how to fill it."""
    return _being_filled() if connected() else _offer_sample()


def _being_filled() -> Component:
    return html.Section(
        [
            html.H2("The board is being filled"),
            html.P(
                "The sources are read for the first time. This page shows the cases as soon as "
                "there are some."
            ),
            html.P(dcc.Link("See how far it is", href="/sync")),
            dcc.Store(id="first-fill"),
            html.Span(id="first-filled"),
        ],
        className="notice",
        role="status",
    )


@callback(Output("first-fill", "data"), Input("pulse", "n_intervals"), prevent_initial_call=True)
def look(_beats: Any) -> Any:
    """Whether there is something to show by now."""
    try:
        return True if data_version().number else no_update
    except SQLAlchemyError:
        return no_update


clientside_callback(
    ClientsideFunction("caseboard", "reloadWhen"),
    Output("first-filled", "title"),
    Input("first-fill", "data"),
    prevent_initial_call=True,
)


def _offer_sample() -> Component:
    return html.Section(
        [
            html.H2("There are no cases yet"),
            html.P(
                "Look around with a sample: the log of a real company's incident desk "
                "(890 incidents, anonymised, CC BY 4.0), moved so that its last opening is today."
            ),
            html.P(
                html.Button("Load the sample", id="load-sample", className="primary", n_clicks=0)
                if current().is_admin
                else "An admin of this board can load it here."
            ),
            dcc.Store(id="sample-loaded"),
            dcc.Loading(html.P("", id="sample-told", role="status"), type="dot"),
            html.H3("Or import your own event log"),
            html.P("One row per update, as ServiceNow and others export it, CSV or CSV.gz:"),
            html.Pre("caseboard import events FILE.csv.gz --map MAP.toml"),
            html.P("MAP.toml tells which column is what; without it ServiceNow's names are taken:"),
            html.Pre(MAP_EXAMPLE),
        ],
        className="notice",
    )


def register(load_sample: Callable[[], tuple[bool, str]]) -> None:
    """Let the button call `load_sample`, which answers whether it could, and a sentence."""

    @callback(
        Output("sample-told", "children"),
        Output("sample-loaded", "data"),
        Input("load-sample", "n_clicks"),
        prevent_initial_call=True,
        running=[(Output("load-sample", "disabled"), True, False)],
    )
    def load(clicks: Any) -> tuple[Any, Any]:
        # Dash calls this also when a page brings the button: nobody has clicked then.
        if not clicks:
            return no_update, no_update
        audit.record("sample_load", outcome="done")
        loaded, told = load_sample()
        return told, loaded

    clientside_callback(
        ClientsideFunction("caseboard", "reloadWhen"),
        Output("load-sample", "title"),
        Input("sample-loaded", "data"),
        prevent_initial_call=True,
    )
