"""`/admin`: who may enter, who is in, which tokens and embeds live, and what was done."""

from typing import Any
from urllib.parse import urlencode

import dash
from dash import ALL, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.auth import admission
from app.auth.audit import ACTS
from app.auth.listing import asked_of, audit_rows, live_sessions, people
from app.auth.person import current
from app.version import Version
from app.view import View
from app.view_fields import ParameterError
from components.admintables import audit_table, people_table, session_table
from components.embedlist import embed_list
from components.filterbar import asked
from components.tokenlist import token_table
from pages.page import Page

ROWS_SHOWN = 200
FILE = "/api/v1/audit.csv"


def content(view: View, version: Version) -> list[Component]:
    """People, sessions, tokens, embeds, and the audit log with its filters."""
    del version
    return [
        html.P("", id="admin-told", role="status", className="secondary"),
        html.Div(_standing(view.tz), id="admin-standing"),
        dcc.Store(id="tokens-of", data="all"),
        html.Div(token_table(None, view.tz), id="tokens-shown"),
        html.P(dcc.Link("Make a token of your own", href="/tokens")),
        *embed_list(None, view.tz),
        _filters(),
        html.Div(audit_table(audit_rows(asked_of({}), ROWS_SHOWN), view.tz, ROWS_SHOWN),
                 id="audit-shown"),
    ]  # fmt: skip


def _standing(zone: str) -> list[Component]:
    person = current()
    return [
        people_table(people(), zone, person.user),
        session_table(live_sessions(), zone, person.session),
    ]


def _filters() -> Component:
    acts = [{"label": told, "value": name} for name, told in ACTS.items()]
    outcomes = [{"label": name, "value": name} for name in ("done", "refused")]
    return html.Section(
        [
            html.H2("Audit log"),
            html.Div(
                [
                    _field("What", dcc.Dropdown(id="audit-act", options=acts, placeholder="Any")),
                    _field(
                        "Outcome",
                        dcc.Dropdown(id="audit-outcome", options=outcomes, placeholder="Any"),
                    ),
                    _field("From", _day("audit-from")),
                    _field("Before", _day("audit-to")),
                    _field(
                        "Who, on, why",
                        dcc.Input(id="audit-words", type="text", debounce=True, maxLength=200),
                    ),
                    html.A("CSV", id="audit-file", href=FILE, className="button", download=""),
                ],
                className="audit-filters",
            ),
        ],
        className="card sync-card",
    )  # fmt: skip


def _day(name: str) -> Component:
    return dcc.Input(id=name, type="text", debounce=True, maxLength=40, placeholder="YYYY-MM-DD")


def _field(label: str, control: Component) -> Component:
    return html.Label([html.Span(label), control])


@callback(
    Output("audit-shown", "children"),
    Output("audit-file", "href"),
    Input("audit-act", "value"),
    Input("audit-outcome", "value"),
    Input("audit-from", "value"),
    Input("audit-to", "value"),
    Input("audit-words", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def tell_audit(act: Any, outcome: Any, since: Any, until: Any, words: Any, query: Any) -> Any:
    """The rows that are wanted, and the file of them."""
    view = asked(query)
    given = {"act": act, "outcome": outcome, "from": since, "to": until, "q": words}
    if view is None or not all(value is None or isinstance(value, str) for value in given.values()):
        return no_update, no_update
    told = {name: value for name, value in given.items() if value} | {"tz": view.tz}
    try:
        rows = audit_rows(asked_of(told), ROWS_SHOWN)
    except ParameterError as fault:
        return html.P(f"{fault}.", className="fault", role="alert"), no_update
    except SQLAlchemyError:
        return no_update, no_update
    return audit_table(rows, view.tz, ROWS_SHOWN), f"{FILE}?{urlencode(told)}"


# Dash calls this also when the page brings its buttons: nobody has clicked then.
@callback(
    Output("admin-standing", "children"),
    Output("admin-told", "children"),
    Input({"type": "admin-act", "act": ALL, "row": ALL}, "n_clicks"),
    State("view", "data"),
    prevent_initial_call=True,
)
def act(_clicks: Any, query: Any) -> Any:
    """End sessions, shut people out, or let them in again."""
    pressed, view = dash.ctx.triggered_id, asked(query)
    if not isinstance(pressed, dict) or not dash.ctx.triggered[0]["value"] or view is None:
        return no_update, no_update
    row = pressed.get("row")
    if isinstance(row, bool) or not isinstance(row, int) or not 0 < row < 2**63:
        return no_update, no_update
    told = admission.do(str(pressed.get("act")), row, by=current())
    return _standing(view.tz), told


def sentence(_view: View) -> str:
    """What the page tells; the View's filters do not matter to it."""
    return "who may enter, who is in, and what was done"


PAGE = Page("admin", "/admin", "Admin", content, sentence)
