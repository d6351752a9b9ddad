"""What is noted in a period: the list, and for editors adding and deleting with undo."""

from datetime import UTC, datetime
from typing import Any

import dash
from dash import ALL, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app import annotations
from app.annotations import LONGEST_TEXT, Annotation, Kind, NotNoted
from app.auth.person import current
from app.period import local_day
from app.place import read_address
from app.scope import Scope
from app.version import data_version
from app.view import View
from app.view_fields import ParameterError, parse_instant
from components.filterbar import asked
from components.text import moment

KINDS: dict[Kind, str] = {
    "person": "Note",
    "gap": "Sync gap",
    "policy": "SLA policy",
    "import": "Import",
    "moved": "Moved over",
}


def annotation_list(view: View, instant: datetime) -> Component:
    """The card; its rows come by themselves."""
    return html.Section(
        [
            html.Header(
                [
                    html.H2("Annotations"),
                    html.P("Drawn as lines in every chart over days", className="sentence"),
                ]
            ),
            html.Div(id="notes-list"),
            html.Div(id="notes-undo", className="row", role="status"),
            *([_form(view, instant)] if current().is_editor else []),
            html.P("", id="notes-fault", role="alert", className="fault"),
            dcc.Store(id="notes-beat"),
        ],
        className="card panel full notes",
    )


def _form(view: View, instant: datetime) -> Component:
    return html.Div(
        [
            html.Label("Day", htmlFor="notes-day"),
            dcc.DatePickerSingle(
                id="notes-day",
                date=local_day(instant, view.tz).isoformat(),
                display_format="YYYY-MM-DD",
            ),
            html.Label("Time", htmlFor="notes-time"),
            dcc.Input(id="notes-time", type="text", placeholder="00:00", maxLength=5),
            html.Label("Text", htmlFor="notes-text"),
            dcc.Input(
                id="notes-text", type="text", maxLength=LONGEST_TEXT, placeholder="What happened?"
            ),
            html.Button("Add annotation", id="notes-add", className="primary", n_clicks=0),
        ],
        className="notes-form",
    )


@callback(
    Output("notes-list", "children"),
    Input("view", "data"),
    Input("period", "data"),
    Input("notes-beat", "data"),
    Input("board-version", "data"),
)
def tell_notes(query: Any, period: Any, _beat: Any, _version: Any) -> Any:
    """What is noted in the period that the page shows, newest first."""
    try:
        view, asked_for = read_address(f"{query or ''}&{period or ''}".strip("&"), period=True)
    except ParameterError:
        return no_update
    version = data_version()
    scope = Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version, asked_for)
    told = annotations.annotations(*scope.period.filled(), version)
    if not told:
        return html.P("Nothing is noted in this period.", className="secondary")
    editor = current().is_editor
    rows = [_row(one, view.tz, editor=editor) for one in told]
    heads = (f"Instant ({view.tz})", "Kind", "What", "By", "")
    return html.Div(
        html.Table([html.Thead(html.Tr([html.Th(head) for head in heads])), html.Tbody(rows)]),
        className="scroll",
        tabIndex="0",
    )


def _row(one: Annotation, zone: str, *, editor: bool) -> Component:
    act = [_act("delete", one.id, "Delete")] if editor and one.id is not None else []
    return html.Tr(
        [
            html.Td(moment(one.at, zone)),
            html.Td(KINDS[one.kind]),
            html.Td(one.words(zone), className="told", dir="auto"),
            html.Td(one.author or "Caseboard", dir="auto"),
            html.Td(act),
        ]
    )


def _act(act: str, number: int | None, words: str) -> Component:
    return html.Button(
        words,
        id={"type": "note-act", "act": act, "note": number},
        className="quiet",
        n_clicks=0,
    )


# Dash calls these also when a page brings the buttons: nobody has clicked then.
@callback(
    Output("notes-beat", "data", allow_duplicate=True),
    Output("notes-text", "value"),
    Output("notes-fault", "children", allow_duplicate=True),
    Input("notes-add", "n_clicks"),
    State("notes-day", "date"),
    State("notes-time", "value"),
    State("notes-text", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def add(clicks: Any, day: Any, time: Any, told: Any, query: Any) -> Any:
    """Note something about an instant in the View's zone."""
    view = asked(query)
    if not clicks or view is None:
        return no_update, no_update, ""
    try:
        at = _instant(str(day or "")[:10], str(time or "").strip(), view.tz)
        made = annotations.add(current(), at, str(told or ""))
    except ParameterError as fault:
        return no_update, no_update, f"{fault.fault}."
    except NotNoted as fault:
        return no_update, no_update, str(fault)
    return f"added {made.id}", "", ""


def _instant(day: str, time: str, zone: str) -> datetime:
    if not day:
        raise ParameterError("day", "Choose a day")
    hour = f"0{time}" if len(time) == 4 and time[1] == ":" else time
    return parse_instant("time", f"{day}T{hour}" if hour else day, zone)


@callback(
    Output("notes-beat", "data", allow_duplicate=True),
    Output("notes-undo", "children"),
    Output("notes-fault", "children", allow_duplicate=True),
    Input({"type": "note-act", "act": ALL, "note": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def act(_clicks: Any) -> Any:
    """Delete an annotation, or bring it back."""
    pressed = dash.ctx.triggered_id
    if not isinstance(pressed, dict) or not dash.ctx.triggered[0]["value"]:
        return no_update, no_update, no_update
    number = pressed.get("note")
    if not isinstance(number, int) or not 0 < number < 2**63:
        return no_update, no_update, "That annotation is no longer there."
    undo: list[Component] = []
    try:
        if pressed.get("act") == "delete":
            gone = annotations.delete(current(), number)
            undo = [
                html.Span(["Deleted ", html.Q(gone, dir="auto")]),
                _act("restore", number, "Undo"),
            ]
        else:
            annotations.restore(current(), number)
    except NotNoted as fault:
        return no_update, no_update, str(fault)
    return f"{pressed.get('act')} {number} {datetime.now(UTC)}", undo, ""
