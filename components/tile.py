"""A number that matters, its change in a week, its last weeks, and the way to its rows."""

from dash import dcc, html
from dash.development.base_component import Component

from app.kpis import Kpi
from components.number import rows_url
from components.sparkline import sparkline


def tile(kpi: Kpi) -> Component:
    """One KPI tile; the whole of it links to exactly the rows that it counts."""
    metric, change = kpi.metric, kpi.value - kpi.week_ago
    content = [
        html.Div(metric.label, className="tile-label"),
        html.Div(
            [html.Div(f"{kpi.value:,}", className="tile-value"), sparkline(kpi.values)],
            className="tile-row",
        ),
        html.Div(
            _change_words(change),
            className=f"tile-change tile-{_news(change, metric.better)}",
        ),
    ]
    hint = f"{metric.label}: {metric.formula}"
    if kpi.rows is None:
        return html.Div(content, className="tile", title=hint)
    link = dcc.Link(content, href=rows_url(kpi.rows), className="tile", title=hint)
    return html.Div(link, className="tile-box", **{"data-count": str(kpi.value)})


def tiles(kpis: list[Kpi]) -> Component:
    """Some tiles in a row."""
    return html.Div([tile(kpi) for kpi in kpis], className="tiles")


def _change_words(change: int) -> str:
    if change == 0:
        return "= as last week"
    arrow, word = ("▲", "up") if change > 0 else ("▼", "down")
    return f"{arrow} {word} {abs(change):,} since last week"


def _news(change: int, better: str) -> str:
    if not change or not better:
        return "even"
    return "good" if (change > 0) == (better == "up") else "bad"
