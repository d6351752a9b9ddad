"""The account menu: who is signed in, as what, their tokens, and the way out."""

from dash import dcc, html
from dash.development.base_component import Component

from app.auth.person import Person
from app.settings import get_settings

ROLES = {
    "viewer": "Viewer: reads, exports, keeps views of their own",
    "editor": "Editor: also refreshes and keeps views for the team",
    "admin": "Admin: also looks after people, tokens and syncs",
}


def account_menu(person: Person) -> Component:
    """The menu of the person who looks."""
    signed_in = get_settings().auth != "none"
    out = html.Form(
        html.Button("Sign out", type="submit", id="sign-out"), action="/saml/logout", method="post"
    )
    alone = html.P("Nobody signs in here: only this machine is served.", className="secondary")
    return html.Details(
        [
            html.Summary(
                [html.Span(className="icon icon-person"), html.Span(person.display, dir="auto")],
                className="button",
                title=f"{person.display}, {person.role}",
            ),
            html.Div(
                [
                    html.P(html.Strong(person.display, dir="auto")),
                    *([html.P(person.email, dir="auto")] if person.email else []),
                    html.P(ROLES[person.role], className="secondary"),
                    dcc.Link(
                        "My tokens and embeds" if person.is_editor else "My tokens", href="/tokens"
                    ),
                    out if signed_in else alone,
                ],
                className="popover",
            ),
        ],
        className="menu account",
    )
