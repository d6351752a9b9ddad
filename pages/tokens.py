"""`/tokens`: one's own personal access tokens, and for editors their embeds."""

from dash import dcc, html
from dash.development.base_component import Component

from app.auth.person import current
from app.auth.users import with_row
from app.version import Version
from app.view import View
from components.embedlist import embed_list
from components.tokenlist import token_form, token_table
from pages.page import Page


def content(view: View, version: Version) -> list[Component]:
    """The form of a new one, and those there are."""
    del version
    person = with_row(current())
    embeds = embed_list(person.user, view.tz) if person.is_editor else []
    return [
        token_form(person),
        dcc.Store(id="tokens-of", data="own"),
        html.Div(token_table(person.user, view.tz), id="tokens-shown"),
        *embeds,
    ]


def sentence(_view: View) -> str:
    """What the page tells; the View's filters do not matter to it."""
    return "for programs that read the board in your name"


PAGE = Page("tokens", "/tokens", "My tokens", content, sentence)
