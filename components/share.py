"""The button that shares a chart or the case table; `assets/share.js` opens its dialog."""

from dash import html
from dash.development.base_component import Component

from app.auth.person import current
from app.embeds.claims import TABLE
from app.panel import Panel


def share_chart(panel: Panel, query: str) -> Component:
    """The button of a panel's card, whose address says `query`."""
    return _button(panel.name, panel.title, query, look="panel-share")


def share_table() -> Component:
    """The button of the case table, whose View stands in the address of the page."""
    return _button(TABLE, "Cases", "", look="button")


def _button(what: str, title: str, query: str, *, look: str) -> Component:
    told = {
        "data-share": what,
        "data-title": title,
        "data-query": query,
        # What a viewer may not is told in the dialog.
        "data-embeds": "yes" if current().is_editor else "no",
        "aria-haspopup": "dialog",
        "aria-label": f"Share {title}",
    }
    return html.Button("Share", className=look, title="Link, embed, image, file", **told)
