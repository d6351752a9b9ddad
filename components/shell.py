"""The frame around every page: the rail, the top bar, and what can be set for the whole View."""

import logging
from datetime import UTC, datetime
from itertools import groupby
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
    set_props,
)
from dash.development.base_component import Component
from flask import g, has_app_context
from sqlalchemy.exc import SQLAlchemyError

from app.auth import policy
from app.auth.person import current
from app.database import read, took_too_long
from app.place import Place
from app.theme import PALETTES, template
from app.timeline import exists
from app.version import Version
from app.view import View
from app.zones import zones
from components import notices
from components.account import account_menu
from components.facetpanel import facets_open
from components.filterbar import asked
from components.freshness import freshness, pulse
from components.viewmenu import base
from components.when import as_of_menu, past_banner, zone_menu

log = logging.getLogger(__name__)

NAVIGATION = (
    ("Board", "Overview", "/", "overview"),
    ("Board", "Cases", "/cases", "cases"),
    ("Board", "Trends", "/trends", "trends"),
    ("Board", "Flow", "/flow", "flow"),
    ("Who", "Accounts", "/accounts", "accounts"),
    ("Who", "Engineers", "/engineers", "engineers"),
    ("Why", "Bugs", "/bugs", "bugs"),
    ("Why", "Trending", "/trending", "trending"),
    ("Tell", "Updates", "/updates", "updates"),
    ("Tell", "Weekly", "/weekly", "weekly"),
    ("Trust", "Quality", "/quality", "quality"),
    ("Trust", "Sync", "/sync", "sync"),
    ("Trust", "Admin", "/admin", "admin"),
)


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
            base(),
            facets_open(),
            pulse(),
            html.Datalist([html.Option(value=name) for name in sorted(zones())], id="zones"),
            html.Div(id="away"),
            html.Div(id="fault", role="alert"),
            html.Div(id="announce", className="visually-hidden", **{"aria-live": "polite"}),
            dash.page_container,
        ]
    )


def frame(
    title: str,
    place: Place,
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
            dcc.Store(id="period", data=place.beside()),
            dcc.Store(id="page-version", data=version.number if version else None),
            _rail(place.path, view),
            html.Div(
                [
                    _top_bar(title, sentence or view.sentence(), place, view, version),
                    past_banner(view, place),
                    html.Main(content, id="content", tabIndex="-1"),
                ],
                className="stage",
            ),
        ],
        className="frame",
    )


def tell_fault(error: Exception) -> None:
    """Tell people that an answer failed, above whatever page they are on; called by Dash."""
    log.error("A callback failed", exc_info=error)
    if took_too_long(error):
        fault = notices.too_long()
    elif isinstance(error, SQLAlchemyError):
        need = g.get("callback_need") if has_app_context() else None
        fault = notices.nothing_changed() if need and not need.kept else notices.database_away()
    else:
        fault = notices.internal_fault()
    set_props("fault", {"children": [fault, html.P(html.A("Reload the page", href=""))]})


def _rail(path: str, view: View) -> Component:
    carried = view.only_filters()
    links: list[Component] = []
    person = current()
    seen = [entry for entry in NAVIGATION if person.may(policy.page(entry[2]) or "admin")]
    for group, entries in groupby(seen, key=lambda entry: entry[0]):
        links.append(html.Div(group, className="rail-group rail-label"))
        links += [
            _rail_link(path, carried, label, target, icon) for _, label, target, icon in entries
        ]
    return html.Nav(
        [
            html.Div(
                [html.Span(className="mark"), html.Span("Caseboard", className="rail-label")],
                className="brand",
            ),
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


def _rail_link(path: str, carried: View, label: str, target: str, icon: str) -> Component:
    return dcc.Link(
        [html.Span(className=f"icon icon-{icon}"), html.Span(label, className="rail-label")],
        href=carried.url(target),
        className="current" if _is_current(path, target) else "",
        title=label,
    )


def _is_current(path: str, target: str) -> bool:
    return path == target or (target != "/" and path.startswith(f"{target}/"))


def _top_bar(
    title: str, sentence: str, place: Place, view: View, version: Version | None
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
            as_of_menu(view, place),
            zone_menu(view),
            freshness(version, datetime.now(UTC)),
            html.Button(
                html.Span(className="icon icon-theme"),
                id="toggle-theme",
                className="quiet round",
                title="Light or dark",
                n_clicks=0,
                **{"aria-label": "Switch between light and dark"},
            ),
            account_menu(current()),
        ],
        className="topbar",
    )


# Dash calls this also when a page brings the field: nobody has searched then.
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
    alone = View(as_of=view.as_of, tz=view.tz)
    if words and not read(exists(words)).empty:
        return alone.url(case_path(words))
    return view.only_filters().but(q=words).url("/cases")


def case_path(number: str) -> str:
    """The address of a case's page."""
    return f"/cases/{quote(number, safe='')}"


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
    ClientsideFunction("caseboard", "copyLink"),
    Output("announce", "children"),
    Input("copy-link", "n_clicks"),
    prevent_initial_call=True,
)
