"""A name of an account or an engineer as a link to its page."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from app.view import View
from app.who import WHO


def who_link(field: str, name: Any, view: View) -> Component:
    """The name leading to its page under a View; without a name, a dash.

    A name that no path can hold leads to its cases.
    """
    if not name:
        return html.Span("–")
    path = WHO[field].page(str(name))
    away = view.only_filters().but(**{field: ()})
    href = away.url(path) if path else away.but(**{field: (name,)}).url("/cases")
    return html.Span(dcc.Link(str(name), href=href), dir="auto")
