"""Embeds on screen: what other pages may show, until when, and revoking it."""

from typing import Any

from dash import ALL, Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.auth.person import current
from app.auth.users import with_row
from app.embeds import store
from app.embeds.claims import TABLE
from app.panels import PANELS
from app.place import read_address
from app.view_fields import ParameterError
from components.filterbar import asked
from components.pressed import pressed
from components.tablecard import table_card
from components.text import moment

HEADS = ("Embed", "Shows", "On pages of", "Made by", "Made", "Ends", "Last shown", "")


def embed_list(owner: int | None, zone: str) -> list[Component]:
    """The embeds of a person by their row, of all for None, each with a way to revoke it."""
    return [
        dcc.Store(id="embeds-of", data="all" if owner is None else "own"),
        html.Div(_table(owner, zone), id="embeds-shown"),
    ]


def _table(owner: int | None, zone: str) -> Component:
    found = store.embeds_of(owner)
    told = (
        f"{len(found)} embeds. Times in {zone}."
        if found
        else "None yet: Share, at any chart and above the case table, makes one."
    )
    return table_card("Embeds", HEADS, [_row(one, zone) for one in found], told)


def _row(one: dict[str, Any], zone: str) -> Component:
    over = (
        "revoked"
        if one["revoked_at"]
        else "expired"
        if one["expired"]
        else "ended with its maker's access"
        if one["ended"]
        else ""
    )
    title, sentence = _what(one)
    button = html.Button(
        "Revoke",
        id={"type": "embed-revoke", "embed": one["id"]},
        n_clicks=0,
        **{"aria-label": f"Revoke embed {one['id']}, {title}"},
    )
    return html.Tr(
        [
            html.Th(f"{one['id']}", scope="row"),
            html.Td(
                [
                    html.Span(title, dir="auto"),
                    html.Div(sentence, className="secondary", dir="auto"),
                ]
            ),
            html.Td([html.Div(origin) for origin in one["ancestors"]] or "none"),
            html.Td(one["owner"], dir="auto"),
            html.Td(moment(one["made_at"], zone)),
            html.Td(moment(one["expires_at"], zone)),
            html.Td(moment(one["used_at"], zone)),
            html.Td(over or button),
        ],
        className="over" if over else None,
    )


def _what(one: dict[str, Any]) -> tuple[str, str]:
    """What an embed is called, and what it is about."""
    panel = PANELS.get(one["what"])
    usual = panel.title if panel else "Cases" if one["what"] == TABLE else one["what"]
    try:
        view, _ = read_address(one["query"], period=panel is not None and panel.period)
    except ParameterError:
        return one["title"] or usual, "what this release does not know any more"
    shown = view.but(state=panel.state) if panel else view
    return one["title"] or usual, shown.sentence()


# Dash calls this also when the page brings its buttons: nobody has clicked then.
@callback(
    Output("embeds-shown", "children"),
    Input({"type": "embed-revoke", "embed": ALL}, "n_clicks"),
    State("embeds-of", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def revoke(_clicks: Any, whose: Any, query: Any) -> Any:
    """Revoke an embed for good."""
    number, view = pressed("embed"), asked(query)
    if number is None or view is None:
        return no_update
    person = with_row(current())
    try:
        store.revoke(number, person)
        everybody = whose == "all" and person.is_admin
        return _table(None if everybody else person.user, view.tz)
    except SQLAlchemyError:
        return no_update
