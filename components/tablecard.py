"""A card with a title, a sentence and a plain table."""

from collections.abc import Container, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component


def table_card(
    title: str,
    heads: Sequence[str],
    rows: list[Any],
    told: str | Component,
    *,
    numbers: Container[int] = (),
) -> Component:
    """The card; `numbers` are the places of columns whose heads stand right. No rows, no table."""
    head = [
        html.Th(name, scope="col", className="number" if place in numbers else None)
        for place, name in enumerate(heads)
    ]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)])
    shown = [html.Div(table, className="wide-table")] if rows else []
    sentence = html.P(told, className="secondary") if isinstance(told, str) else told
    return html.Section([html.H2(title), sentence, *shown], className="card sync-card")
