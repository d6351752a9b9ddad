"""The frame around every page: the rail, the top bar, and what can be set for the whole View."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import dash
from dash import (
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

from app.database import read
from app.theme import PALETTES, template
from app.timeline import exists
from app.version import Version
from app.view import View
from app.view_fields import ParameterError, zones
from app.words import day_words
from components.filterbar import asked, search_of
from components.text import ago

NAVIGATION = (("Board", "Overview", "/", "overview"), ("Board", "Cases", "/cases", "cases"))


def root() -> Component:
    """What stays in place while pages come and go."""
    themes = {
        name: {"palette": PALETTES[name], "template": {"layout": template(name)}}
        for name in PALETTES
    }
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="themes", data=themes),
            dcc.Store(id="theme"),
            html.Datalist([html.Option(value=name) for name in sorted(zones())], id="zones"),
            html.Div(id="announce", className="visually-hidden", **{"aria-live": "polite"}),
            dash.page_container,
        ]
    )


def frame(
    title: str,
    path: str,
    view: View,
    content: list[Component],
    version: Version | None,
    *,
    sentence: str | None = None,
) -> Component:
    """A page: rail, top bar with title and sentence (the View's by default), and the content."""
    return html.Div(
        [
            html.A("Skip to content", href="#content", className="skip"),
            dcc.Store(id="view", data=view.to_query()),
            _rail(path, view),
            html.Div(
                [
                    _top_bar(title, sentence or view.sentence(), path, view, version),
                    html.Main(content, id="content", tabIndex="-1"),
                ],
                className="stage",
            ),
        ],
        className="frame",
    )


def _rail(path: str, view: View) -> Component:
    carried = view.only_filters()
    links = [
        dcc.Link(
            [html.Span(className=f"icon icon-{icon}"), html.Span(label, className="rail-label")],
            href=carried.url(target),
            className="current" if _is_current(path, target) else "",
            title=label,
        )
        for _, label, target, icon in NAVIGATION
    ]
    return html.Nav(
        [
            html.Div(
                [html.Span(className="mark"), html.Span("Caseboard", className="rail-label")],
                className="brand",
            ),
            html.Div("Board", className="rail-group rail-label"),
            *links,
            html.Button(
                [
                    html.Span(className="icon icon-fold"),
                    html.Span("Collapse", className="rail-label"),
                ],
                id="fold",
                className="fold",
                title="Collapse or expand the menu",
                n_clicks=0,
            ),
        ],
        className="rail",
        **{"aria-label": "Pages"},
    )


def _is_current(path: str, target: str) -> bool:
    return path == target or (target != "/" and path.startswith(f"{target}/"))


def _top_bar(
    title: str, sentence: str, path: str, view: View, version: Version | None
) -> Component:
    return html.Header(
        [
            html.Div(
                [
                    html.H1(title, dir="auto"),
                    html.P(sentence, className="sentence", dir="auto"),
                ],
                className="headline",
            ),
            html.Div(
                dcc.Input(
                    id="search",
                    type="search",
                    placeholder="Search, or a case number  ( / )",
                    value=view.q,
                    debounce=False,
                    maxLength=200,
                ),
                className="search",
                role="search",
            ),
            _as_of(view, path),
            _zone(view),
            _freshness(view, version),
            html.Button(
                html.Span(className="icon icon-theme"),
                id="toggle-theme",
                className="quiet round",
                title="Light or dark",
                n_clicks=0,
                **{"aria-label": "Switch between light and dark"},
            ),
        ],
        className="topbar",
    )


def _as_of(view: View, path: str) -> Component:
    now = not view.as_of
    words = "Now" if view.as_of is None else day_words(view.as_of, view.tz)
    local = view.instant(datetime.now(UTC))
    picker = dcc.DatePickerSingle(
        id="as-of-date", date=local.date().isoformat(), display_format="YYYY-MM-DD"
    )
    back = dcc.Link("Back to now", href=view.but(as_of=None).url(path))
    return html.Details(
        [
            html.Summary(
                [html.Span(className="icon icon-clock"), html.Span(words)],
                className="button" if now else "button past",
                title="The instant that everything is shown at",
            ),
            html.Div(
                [
                    html.Label("Show everything as it was at the start of", htmlFor="as-of-date"),
                    picker,
                    html.Button("Go there", id="as-of-apply", className="primary", n_clicks=0),
                    *([] if now else [html.P(back)]),
                ],
                className="popover",
            ),
        ],
        className="menu as-of",
    )


def _zone(view: View) -> Component:
    return html.Details(
        [
            html.Summary(
                view.tz.replace("_", " "),
                className="button",
                title="The time zone shown and counted in",
            ),
            html.Div(
                [
                    html.Label("Time zone", htmlFor="zone"),
                    dcc.Input(id="zone", list="zones", value=view.tz, type="text"),
                    html.Button("Use this zone", id="zone-apply", className="primary", n_clicks=0),
                    html.Button("Use my own", id="zone-own", className="quiet", n_clicks=0),
                    html.P("", id="zone-fault", role="alert", className="fault"),
                ],
                className="popover",
            ),
        ],
        className="menu zone",
    )


def _freshness(view: View, version: Version | None) -> Component:
    if version is None or version.changed_at is None:
        return html.Span("No data yet", className="freshness")
    told = ago(version.changed_at, datetime.now(UTC))
    exact = day_words(version.changed_at, view.tz)
    return html.Span(f"Data: {told}", className="freshness", title=f"Last loaded on {exact}")


# Dash calls these also when a page brings their inputs: nobody has clicked then.
@callback(
    Output("url", "href", allow_duplicate=True),
    Input("search", "n_submit"),
    State("search", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def search(submitted: Any, words: Any, query: Any) -> Any:
    """Jump to a case by its number, else list the cases that hold the words."""
    view = asked(query)
    if not submitted or view is None or not isinstance(words, str):
        return no_update
    words = words.replace("\x00", "").strip()[:200]
    place = View(as_of=view.as_of, tz=view.tz)
    if words and not read(exists(words)).empty:
        return place.url(case_path(words))
    return view.only_filters().but(q=words).url("/cases")


def case_path(number: str) -> str:
    """The address of a case's page."""
    return f"/cases/{quote(number, safe='')}"


@callback(
    Output("url", "search", allow_duplicate=True),
    Input("as-of-apply", "n_clicks"),
    State("as-of-date", "date"),
    State("view", "data"),
    prevent_initial_call=True,
)
def go_to(clicks: Any, date: Any, query: Any) -> Any:
    """Turn everything to the start of a day in the View's zone."""
    view = asked(query)
    if not clicks or view is None or not isinstance(date, str):
        return no_update
    try:
        moved = View.from_values({"as_of": [date[:10]], "tz": [view.tz]})
    except ParameterError:
        return no_update
    return search_of(view.but(as_of=moved.as_of))


@callback(
    Output("url", "search", allow_duplicate=True),
    Output("zone-fault", "children"),
    Input("zone-apply", "n_clicks"),
    State("zone", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def set_zone(clicks: Any, zone: Any, query: Any) -> tuple[Any, str]:
    """Show and count in another time zone."""
    view = asked(query)
    if not clicks or view is None or not isinstance(zone, str):
        return no_update, ""
    try:
        asked_zone = View.from_values({"tz": [zone.strip()]}).tz
    except ParameterError as error:
        return no_update, f"{error.fault}."
    return search_of(view.but(tz=asked_zone)), ""


clientside_callback(
    ClientsideFunction("caseboard", "toggleTheme"),
    Output("theme", "data"),
    Input("toggle-theme", "n_clicks"),
)
clientside_callback(
    ClientsideFunction("caseboard", "fold"),
    Output("fold", "title"),
    Input("fold", "n_clicks"),
)
clientside_callback(
    ClientsideFunction("caseboard", "ownZone"),
    Output("zone", "value"),
    Input("zone-own", "n_clicks"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("caseboard", "copyLink"),
    Output("announce", "children"),
    Input("copy-link", "n_clicks"),
    prevent_initial_call=True,
)
