"""Above the case table: its exact row count, its facets, and what can be done with its rows."""

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.columns import COLUMNS
from app.facets import number_of_rows
from app.search import understood
from app.version import Version, data_version
from app.view import View
from app.words import FIELD_LABELS
from components import notices
from components.filterbar import asked, dropped
from components.share import share_table

PATH = "/cases"


def table_head(view: View) -> Component:
    """The count, which comes by itself, and the tools."""
    return html.Div(
        [
            html.P(
                html.Span("Counting …", className="skeleton-words"),
                id="count",
                className="count",
                role="status",
            ),
            html.Button(
                "Facets",
                id="facets-toggle",
                className="button",
                n_clicks=0,
                **{"aria-expanded": "false", "aria-controls": "facets"},
            ),
            _columns(view),
            html.Button("Density", id="density", className="button", n_clicks=0),
            _copy(),
            html.A(
                "CSV", id="csv", href=view.url("/api/v1/cases.csv"), className="button", download=""
            ),
            share_table(),
            html.Button(
                "?",
                id="help-open",
                className="button round",
                title="Keys of the table ( ? )",
                n_clicks=0,
                **{"aria-label": "Keys of the table"},
            ),
        ],
        className="tablehead",
    )


def _copy() -> Component:
    ways = [
        html.Button(label, className="quiet copy", **{"data-copy": kind})
        for kind, label in (("table", "Copy as table"), ("markdown", "Copy as Markdown list"))
    ]
    told = "The chosen rows; without a choice those that are on screen."
    return html.Details(
        [
            html.Summary("Copy", className="button", id="copy"),
            html.Div([html.P(told, className="secondary"), *ways], className="popover"),
        ],
        className="menu",
    )


def _columns(view: View) -> Component:
    shown = [*view.columns, *(name for name in COLUMNS if name not in view.columns)]
    rows = [_choice(name, chosen=name in view.columns) for name in shown]
    return html.Details(
        [
            html.Summary("Columns", className="button"),
            html.Div(
                [
                    html.P("Shown from left to right as listed.", className="secondary"),
                    html.Ul(rows, id="column-list", className="column-list"),
                    html.Div(
                        [
                            html.Button("Show these", className="primary", id="columns-apply"),
                            html.Button("Usual columns", className="quiet", id="columns-usual"),
                        ],
                        className="row",
                    ),
                ],
                className="popover wide",
            ),
        ],
        className="menu",
    )


def _choice(name: str, *, chosen: bool) -> Component:
    label = COLUMNS[name].label
    box: dict[str, Any] = {"data-column": name, "data-chosen": "yes" if chosen else "no"}
    acts = (
        ("up", "↑", "further left"),
        ("down", "↓", "further right"),
        ("pin", "⇤", "pinned left"),
    )
    return html.Li(
        [
            html.Button(
                label,
                className="column-name",
                role="checkbox",
                **{"aria-checked": "true" if chosen else "false"},
            ),
            *(
                html.Button(
                    sign,
                    className="column-act",
                    title=f"{label}: {words}",
                    **{"data-act": act, "aria-label": f"{label}: {words}"},
                )
                for act, sign, words in acts
            ),
        ],
        **box,
    )


@callback(
    Output("count", "children"),
    Output("row-count", "data"),
    Output("table-note", "children"),
    Output("table-body", "hidden"),
    Input("table-view", "data"),
)
def tell_count(query: Any) -> Any:
    """How many rows there are of how many cases, and why there are none."""
    view = asked(query)
    if view is None:
        return "", None, [], False
    try:
        return _told(view)
    except SQLAlchemyError:
        return "The rows could not be counted.", None, [notices.database_away()], False


def _told(view: View) -> Any:
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    everything = View(state="all", as_of=view.as_of, tz=view.tz)
    shown = number_of_rows(view, instant, version)
    total = number_of_rows(everything, instant, version)
    words = [html.Strong(f"{shown:,}"), f" of {total:,} cases"]
    notes = _mended(view, version)
    if shown:
        return words, shown, notes, False
    ways = _ways_back(view, instant, version)
    return words, 0, [*notes, notices.nothing_matches(view, PATH, ways)], True


def _mended(view: View, version: Version) -> list[Component]:
    """Which words of the search no case says, and what was looked for in their place."""
    mended = understood(view.q, version).mended if view.q else ()
    return [
        html.P(
            [
                "No case says ",
                html.Q(typed, dir="auto"),
                "; these say ",
                html.Span(" or ".join(kin), className="kin", dir="auto"),
                ".",
            ],
            className="mended",
        )
        for typed, kin in mended
    ]


def _ways_back(view: View, instant: datetime, version: Version) -> list[tuple[str, int, View]]:
    """Which single filter's removal brings rows back, and how many."""
    others = {name: dropped(view, name) for name in view.filters()}
    if not view.filters().get("state"):
        others["state"] = view.but(state="all")
    found = {name: number_of_rows(other, instant, version) for name, other in others.items()}
    return [
        (FIELD_LABELS[name].lower(), found[name], other)
        for name, other in others.items()
        if found[name]
    ]


def help_dialog() -> Component:
    """The keys of the table."""
    keys = (
        ("/", "Search"),
        ("↑ ↓ ← →", "Move between cells"),
        ("Enter", "Open the case"),
        ("d", "Show or hide the detail of the row"),
        ("Space", "Choose the row"),
        ("c", "Copy the chosen rows as a table"),
        ("Enter", "On a header: sort by it; with Shift also by it"),
        ("Esc", "Close what is open"),
        ("?", "This list"),
    )
    rows = [html.Div([html.Dt(html.Kbd(key)), html.Dd(words)]) for key, words in keys]
    return html.Dialog(
        [
            html.H2("Keys of the table"),
            html.Dl(rows, className="keys"),
            html.P(
                "With the mouse: click a header to sort by it, Shift + click to sort also by it; "
                "drag its edge for the width, drag the header for the place.",
                className="secondary",
            ),
            html.Button("Close", className="primary", id="help-close"),
        ],
        id="help",
        **{"aria-label": "Keys of the table"},
    )


def stores(view: View) -> list[Component]:
    """What the table's parts tell each other."""
    return [
        dcc.Store(id="table-view", data=view.to_query()),
        dcc.Store(id="row-count"),
        dcc.Store(id="desk-beat"),
    ]


clientside_callback(
    ClientsideFunction("desk", "renew"),
    Output("table-view", "data"),
    Input("board-version", "data"),
    State("table-view", "data"),
    State("page-version", "data"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("desk", "setRowCount"),
    Output("count", "title"),
    Input("row-count", "data"),
    State("table-view", "data"),
)
clientside_callback(
    ClientsideFunction("caseboard", "density"),
    Output("density", "title"),
    Input("density", "n_clicks"),
)
