"""A number that matters, its change in a week, and the way to its rows."""

from dash import dcc, html
from dash.development.base_component import Component

from app.metrics import Count


def tile(metric: Count, value: int, week_ago: int, href: str | None) -> Component:
    """One KPI tile; the whole of it links to exactly the rows that it counts."""
    change = value - week_ago
    content = [
        html.Div(metric.label, className="tile-label"),
        html.Div(f"{value:,}", className="tile-value"),
        html.Div(
            _change_words(change),
            className=f"tile-change tile-{_news(change, metric.better)}",
        ),
    ]
    hint = f"{metric.label}: {metric.formula}"
    if href is None:
        return html.Div(content, className="tile", title=hint)
    return dcc.Link(content, href=href, className="tile", title=hint)


def _change_words(change: int) -> str:
    if change == 0:
        return "= as last week"
    arrow, word = ("▲", "up") if change > 0 else ("▼", "down")
    return f"{arrow} {word} {abs(change):,} since last week"


def _news(change: int, better: str) -> str:
    if not change or not better:
        return "even"
    return "good" if (change > 0) == (better == "up") else "bad"
