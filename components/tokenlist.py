"""Personal access tokens on screen: making one, shown once, and revoking."""

from typing import Any

from dash import ALL, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.auth import tokens
from app.auth.listing import tokens_of
from app.auth.person import Person, current
from app.auth.users import with_row
from app.compression import leave_alone
from components.filterbar import asked
from components.pressed import pressed
from components.tablecard import table_card
from components.text import moment

SCOPES = {
    "read": "read: cases, metrics, charts",
    "export": "export: CSV files",
    "write": "write: whatever you may change",
    "admin": "admin: tokens and the audit log",
}
DAYS = (7, 30, 90, 365)
HEADS = ("Token", "Name", "Owner", "Scopes", "Made", "Expires", "Last used", "")


def token_form(person: Person) -> Component:
    """The form of a new token, and where it is shown, once."""
    scopes = [
        {"label": told, "value": name, "disabled": name == "admin" and not person.is_admin}
        for name, told in SCOPES.items()
    ]
    return html.Section(
        [
            html.H2("Make a token"),
            html.P(
                [
                    "A program that sends it as Authorization: Bearer ... uses ",
                    html.A("the API", href="/api/v1/docs"),
                    " in your name. It never may more than you may yourself.",
                ],
                className="secondary",
            ),
            html.Label("What is it for?", htmlFor="token-name"),
            dcc.Input(id="token-name", type="text", maxLength=tokens.LONGEST_NAME),
            html.Fieldset(
                [
                    html.Legend("It may"),
                    dcc.Checklist(id="token-scopes", options=scopes, value=["read"]),
                ]
            ),
            html.Label("It lives for", htmlFor="token-days"),
            dcc.Dropdown(
                id="token-days",
                options=[{"label": f"{days} days", "value": days} for days in DAYS],
                value=90,
                clearable=False,
            ),
            html.Button("Make token", id="token-make", className="primary", n_clicks=0),
            html.Div(id="token-made", role="status"),
        ],
        className="card token-form",
    )


def token_table(owner: int | None, zone: str) -> Component:
    """The tokens of a person by their row, of all for None."""
    found = tokens_of(owner)
    told = f"{len(found)} tokens. Times in {zone}." if found else "None yet."
    return table_card("Tokens", HEADS, [_row(one, zone) for one in found], told)


def _row(one: dict[str, Any], zone: str) -> Component:
    over = "revoked" if one["revoked_at"] else "expired" if one["expired"] else ""
    button = html.Button(
        "Revoke",
        id={"type": "token-revoke", "token": one["id"]},
        n_clicks=0,
        **{"aria-label": f"Revoke {one['name']}"},
    )
    return html.Tr(
        [
            html.Th(html.Code(f"{one['prefix']}…"), scope="row"),
            html.Td(one["name"], dir="auto"),
            html.Td(one["owner"], dir="auto"),
            html.Td(", ".join(one["scopes"])),
            html.Td(moment(one["created_at"], zone)),
            html.Td(moment(one["expires_at"], zone)),
            html.Td(moment(one["used_at"], zone)),
            html.Td(over or button),
        ],
        className="over" if over else None,
    )


# Dash calls these also when the page brings their buttons: nobody has clicked then.
@callback(
    Output("token-made", "children"),
    Output("token-name", "value"),
    Output("tokens-shown", "children", allow_duplicate=True),
    Input("token-make", "n_clicks"),
    State("token-name", "value"),
    State("token-scopes", "value"),
    State("token-days", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def make(clicks: Any, name: Any, scopes: Any, days: Any, query: Any) -> Any:
    """Make a token and show it, this once."""
    view = asked(query)
    if not clicks or view is None:
        return no_update, no_update, no_update
    person = with_row(current())
    wanted = [one for one in scopes if isinstance(one, str)] if isinstance(scopes, list) else []
    try:
        made = tokens.make(
            person, str(name or ""), wanted, (days if days in DAYS else 90) * tokens.DAY
        )
    except tokens.NotMade as fault:
        return html.P(str(fault), className="fault", role="alert"), no_update, no_update
    leave_alone()
    shown = [
        html.P("Copy it now: it is shown this once, and kept nowhere."),
        html.Div(
            [html.Code(made["token"], id="token-value"), dcc.Clipboard(target_id="token-value")],
            className="token-value",
        ),
    ]
    return shown, "", token_table(person.user, view.tz)


@callback(
    Output("tokens-shown", "children", allow_duplicate=True),
    Input({"type": "token-revoke", "token": ALL}, "n_clicks"),
    State("tokens-of", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def revoke(_clicks: Any, whose: Any, query: Any) -> Any:
    """Revoke a token for good."""
    number, view = pressed("token"), asked(query)
    if number is None or view is None:
        return no_update
    person = with_row(current())
    try:
        tokens.revoke(number, person)
        everybody = whose == "all" and person.is_admin
        return token_table(None if everybody else person.user, view.tz)
    except SQLAlchemyError:
        return no_update
