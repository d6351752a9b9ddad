"""The way through a list that is shown a page at a time."""

from collections.abc import Callable

from dash import dcc, html
from dash.development.base_component import Component


def pager(page: int, pages: int, href: Callable[[int], str]) -> Component | str:
    """Links to the pages before and after; nothing where there is one page only."""
    if pages <= 1:
        return ""
    ways: list[Component] = []
    if page > 1:
        ways.append(dcc.Link("← Previous", href=href(page - 1), className="button"))
    ways.append(html.Span(f"Page {page:,} of {pages:,}", className="secondary"))
    if page < pages:
        ways.append(dcc.Link("Next →", href=href(page + 1), className="button"))
    return html.Nav(ways, className="pager", **{"aria-label": "Pages of the list"})
