"""Headings of a table that sort it: links, as the order is part of the address."""

from collections.abc import Callable

from dash import dcc, html
from dash.development.base_component import Component


def sort_head(
    labels: list[tuple[str, str]],
    first: str,
    href: Callable[[str], str],
    *,
    number: bool = False,
    hint: str = "",
) -> Component:
    """A heading of one or two (column, label) pairs, each a link that sorts by its column.

    `first` is what the table is sorted by, `-` for descending; `href(column)` leads on.
    """
    bare = first.removeprefix("-")
    by = next((name for name, _ in labels if name == bare), None)
    way = "descending" if first.startswith("-") else "ascending"
    arrow = " ↓" if first.startswith("-") else " ↑"
    parts: list[Component] = []
    for name, label in labels:
        words = [label, html.Span(arrow, **{"aria-hidden": "true"})] if name == by else [label]
        parts.append(
            dcc.Link(
                words,
                href=href(name),
                className="sort sorted" if name == by else "sort",
                title=f"Sort by {label.lower()}" + (f". {hint}" if hint else ""),
            )
        )
    return html.Th(
        parts,
        scope="col",
        className="number" if number else "",
        **({"aria-sort": way} if by else {}),
    )
