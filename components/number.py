"""A number of cases, which leads to exactly its rows."""

from dash import dcc, html
from dash.development.base_component import Component

from app.view import View


def rows_url(view: View) -> str:
    """The address of the table of a View.

    The bare table opens with the reader's own View, so that the default is said.
    """
    return f"/cases?{view.only_filters().to_query() or 'state=open'}"


def counted(value: int, view: View | None, *, words: str = "") -> Component:
    """The number as a link to the table of a View; without a View the number alone.

    `words` tell in a title what is counted.
    """
    if view is None:
        return html.Span(f"{value:,}", className="counted")
    link = dcc.Link(f"{value:,}", href=rows_url(view), title=words or view.sentence())
    return html.Span(link, className="counted", **{"data-count": str(value)})
