"""The menu of named Views: choosing, saving, changing, pinning and deleting them."""

from typing import Any

import dash
import orjson
from dash import ALL, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app import saved_views
from app.auth.person import current
from app.saved_views import NamedView, NotSaved
from app.view import View
from components.filterbar import asked

PATH = "/cases"
GROUPS = (("ready", "Ready-made"), ("own", "Mine"), ("team", "Team"))


def view_menu() -> Component:
    """The menu; what stands in it comes by itself."""
    return html.Div(
        [
            html.Details(
                [
                    html.Summary("Views", className="button", id="views-label"),
                    html.Div(
                        [
                            html.Div(id="views-list"),
                            _form(),
                            html.P("", id="views-fault", role="alert", className="fault"),
                        ],
                        className="popover wide views",
                    ),
                ],
                className="menu",
            ),
            html.Div(id="views-changed", className="row", role="status"),
            html.Div(id="views-undo", className="row", role="status"),
            dcc.Store(id="views-beat"),
            dcc.Store(id="views-layout"),
        ],
        className="row viewmenu",
    )


def base() -> Component:
    """Which named View the person set out from; stays while pages come and go."""
    return dcc.Store(id="base-view", storage_type="session")


def _form() -> Component:
    return html.Div(
        [
            html.Label("Save what is shown as", htmlFor="views-name"),
            dcc.Input(id="views-name", type="text", maxLength=saved_views.LONGEST_NAME),
            dcc.Checklist(
                id="views-team",
                options=[
                    {
                        "label": "for the team",
                        "value": "team",
                        "disabled": not current().is_editor,
                    }
                ],
                value=[],
            ),
            html.Button("Save view", id="views-save", className="primary", n_clicks=0),
        ],
        className="views-form",
    )


@callback(
    Output("views-list", "children"),
    Output("views-label", "children"),
    Output("views-changed", "children"),
    Input("view", "data"),
    Input("base-view", "data"),
    Input("views-beat", "data"),
)
def tell_views(query: Any, chosen: Any, _beat: Any) -> Any:
    """The list, the name of the View set out from, and whether what is shown differs from it."""
    view = asked(query)
    if view is None:
        return no_update, no_update, no_update
    try:
        known = saved_views.views_of(current())
    except SQLAlchemyError:
        return [html.P("The views cannot be read at the moment.")], "Views", []
    found = next((one for one in known if one.id == chosen), None)
    if found is None:
        return _list(known, view, None), "Views", []
    label = [html.Span("View: "), html.Span(found.name, dir="auto")]
    changed = _changed(found, view) if saved_views.differs(found, view) else []
    return _list(known, view, found), label, changed


def _changed(found: NamedView, view: View) -> list[Component]:
    told: list[Component] = [html.Span("changed since saved", className="changed")]
    if found.may_change:
        told.append(_act("update", found.id, "Update", look="quiet"))
    href = saved_views.shown(found, view).url(PATH)
    told.append(html.A("Reset", href=href, className="reset", **{"data-view": found.id}))
    return told


def _list(known: list[NamedView], view: View, found: NamedView | None) -> list[Component]:
    pinned = [one for one in known if one.pinned]
    groups = [("Pinned", pinned)] if pinned else []
    groups += [
        (label, [one for one in known if one.kind == kind and not one.pinned])
        for kind, label in GROUPS
    ]
    return [
        html.Section([html.H3(label), html.Ul([_row(one, view, found) for one in views])])
        for label, views in groups
        if views
    ]


def _row(one: NamedView, view: View, found: NamedView | None) -> Component:
    href = saved_views.shown(one, view).url(PATH)
    opening = "No longer open the table with it" if one.opening else "Open the table with it"
    acts = [
        _act("pin", one.id, "◆" if one.pinned else "◇", title="Unpin" if one.pinned else "Pin"),
        _act("open", one.id, "★" if one.opening else "☆", title=opening),
    ]
    if one.may_change:
        acts.append(_act("delete", one.id, "×", title="Delete"))
    link = html.A(
        [html.Span(one.name, dir="auto"), html.Span(one.view.sentence(), className="secondary")],
        href=href,
        className="view-link chosen" if found and found.id == one.id else "view-link",
        **{"data-view": one.id, "data-layout": _layout(one)},
    )
    return html.Li([link, *acts])


def _layout(one: NamedView) -> str:
    return orjson.dumps(dict(one.layout)).decode()


def _act(act: str, name: str, sign: str, *, title: str = "", look: str = "view-act") -> Component:
    return html.Button(
        sign,
        id={"type": "view-act", "act": act, "view": name},
        className=look,
        title=title or None,
        n_clicks=0,
        **({"aria-label": title} if title else {}),
    )


@callback(
    Output("views-beat", "data", allow_duplicate=True),
    Output("base-view", "data", allow_duplicate=True),
    Output("views-fault", "children", allow_duplicate=True),
    Output("views-name", "value"),
    Input("views-save", "n_clicks"),
    State("views-name", "value"),
    State("views-team", "value"),
    State("views-layout", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def save(clicks: Any, name: Any, team: Any, layout: Any, query: Any) -> Any:
    """Save what is shown under a name."""
    view = asked(query)
    if not clicks or view is None:
        return no_update, no_update, "", no_update
    try:
        saved = saved_views.save(
            current(), str(name or ""), view, _dict(layout), team=team == ["team"]
        )
    except NotSaved as fault:
        return no_update, no_update, str(fault), no_update
    return clicks, saved, "", ""


@callback(
    Output("views-beat", "data", allow_duplicate=True),
    Output("views-undo", "children"),
    Output("views-fault", "children", allow_duplicate=True),
    Input({"type": "view-act", "act": ALL, "view": ALL}, "n_clicks"),
    State("views-layout", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def act(_clicks: Any, layout: Any, query: Any) -> Any:
    """Pin, open with, update, delete or restore one View."""
    pressed, view = dash.ctx.triggered_id, asked(query)
    # Dash calls this also when the list brings its buttons: nobody has clicked then.
    if not isinstance(pressed, dict) or not dash.ctx.triggered[0]["value"] or view is None:
        return no_update, no_update, no_update
    name = str(pressed.get("view"))
    try:
        undo = _do(str(pressed.get("act")), name, view, _dict(layout))
    except NotSaved as fault:
        return no_update, no_update, str(fault)
    return f"{pressed} {dash.ctx.triggered[0]['value']} {id(pressed)}", undo, ""


def _do(what: str, name: str, view: View, layout: dict[str, Any]) -> list[Component]:
    """Do it, and tell how it is undone."""
    person = current()
    match what:
        case "pin":
            saved_views.pin(person, name)
        case "open":
            saved_views.open_with(person, name)
        case "update":
            saved_views.update(person, name, view, layout)
        case "restore":
            saved_views.restore(person, name)
        case "delete":
            gone = saved_views.delete(person, name)
            return [
                html.Span(["Deleted ", html.Q(gone, dir="auto")]),
                _act("restore", name, "Undo", look="quiet"),
            ]
    return []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
