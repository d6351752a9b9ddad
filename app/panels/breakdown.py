"""Open cases by one of their fields."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Select

from app.panel import Measure, Panel
from app.selection import grouped
from app.theme import Figure
from app.view import View
from app.words import SEVERITY_NAMES

BARS_SHOWN = 12
LONGEST_LABEL = 26


def _open_by(column: str) -> Callable[[View, datetime], Select[Any]]:
    def select(view: View, instant: datetime) -> Select[Any]:
        return grouped(view.but(state="open"), instant, column)

    return select


def severity_figure(frame: pd.DataFrame, view: View) -> Figure:
    """A bar per severity, Urgent first; severities without a case keep their place."""
    counts = {
        0 if pd.isna(severity) else int(severity): int(cases)
        for severity, cases in zip(frame["severity"], frame["cases"], strict=True)
    }
    numbers = [1, 2, 3, 4, *([0] if 0 in counts else [])]
    bars = [(SEVERITY_NAMES[number], number, counts.get(number, 0)) for number in numbers]
    return _bars(
        labels=[label for label, _, _ in bars],
        counts=[count for _, _, count in bars],
        colours=[f"$severity-{number}" for _, number, _ in bars],
        queries=[view.but(state="open", severity=(n,)).to_query() for _, n, _ in bars],
        total=sum(counts.values()),
    )


def field_figure(column: str, field: str, missing: str) -> Callable[[pd.DataFrame, View], Figure]:
    """A bar per value, most first; past a dozen the rest is one bar "other"."""

    def figure(frame: pd.DataFrame, view: View) -> Figure:
        values = ["" if pd.isna(value) else str(value) for value in frame[column]]
        counts = [int(number) for number in frame["cases"]]
        shown = len(values) if len(values) <= BARS_SHOWN else BARS_SHOWN - 1
        labels = [value or missing for value in values[:shown]]
        queries: list[str | None] = [
            view.but(state="open", **{field: (value,)}).to_query() for value in values[:shown]
        ]
        heights = counts[:shown]
        if len(values) > shown:
            labels.append(f"{len(values) - shown} other")
            heights.append(sum(counts[shown:]))
            queries.append(None)
        return _bars(
            labels=labels,
            counts=heights,
            colours=["$accent"] * shown + ["$muted"] * (len(labels) - shown),
            queries=queries,
            total=sum(counts),
        )

    return figure


def _bars(
    *,
    labels: list[str],
    counts: list[int],
    colours: list[str],
    queries: list[str | None] | list[str],
    total: int,
) -> Figure:
    """Horizontal bars, the first on top, each labelled with its count."""
    order = range(len(labels) - 1, -1, -1)
    places = [f"{place:03d}" for place in order]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [counts[place] for place in order],
                "y": places,
                "marker": {"color": [colours[place] for place in order]},
                "text": [f"{counts[place]:,}" for place in order],
                "textposition": "outside",
                "cliponaxis": False,
                "customdata": [queries[place] for place in order],
                "hovertext": [_told(labels[place], counts[place], total) for place in order],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            "showlegend": False,
            "xaxis": {"title": {"text": "Open cases"}, "showgrid": True, "rangemode": "tozero"},
            "yaxis": {
                "type": "category",
                "tickmode": "array",
                "tickvals": places,
                "ticktext": [_short(labels[place]) for place in order],
            },
            "margin": {"r": 48},
        },
    }


def _told(label: str, count: int, total: int) -> str:
    share = f", {count / total:.0%} of {total:,}" if total else ""
    return f"{_safe(label)}: {count:,} open {'case' if count == 1 else 'cases'}{share}"


def _short(label: str) -> str:
    cut = label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
    return _safe(cut)


def _safe(text: str) -> str:
    """Text as Plotly shall show it: it reads a small HTML, which a source's text must not use."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


BY_SEVERITY = Panel(
    name="by_severity",
    title="Open by severity",
    question="How severe is what is open?",
    state="open",
    columns=(Measure("severity", "Severity"), Measure("cases", "Open", "cases")),
    select=_open_by("severity"),
    figure=severity_figure,
)
BY_STATUS = Panel(
    name="by_status",
    title="Open by status",
    question="Where do the open cases stand?",
    state="open",
    columns=(Measure("status", "Status"), Measure("cases", "Open", "cases")),
    select=_open_by("status"),
    figure=field_figure("status", "status", "No status"),
)
BY_ACCOUNT = Panel(
    name="by_account",
    title="Open by account",
    question="Whose cases are open?",
    state="open",
    columns=(Measure("account", "Account"), Measure("cases", "Open", "cases")),
    select=_open_by("account"),
    figure=field_figure("account", "account", "No account"),
)
