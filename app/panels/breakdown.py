"""Open cases by one of their fields."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from sqlalchemy import Select

from app.columns import COLUMNS
from app.panel import Measure, Panel, Row, total
from app.panels.backlog import whole_steps
from app.scope import Scope
from app.selection import grouped
from app.theme import Figure, safe
from app.view import View
from app.words import SEVERITY_NAMES

BARS_SHOWN = 12
LONGEST_LABEL = 26


def _open_by(column: str) -> Callable[[Scope], Select[Any]]:
    def select(scope: Scope) -> Select[Any]:
        return grouped(scope.view.but(state="open"), scope.instant, column, live=scope.live)

    return select


def rows_of(column: str, field: str) -> Callable[[Row, Scope], Mapping[str, View]]:
    """The open cases with the value of a row."""

    def rows(row: Row, scope: Scope) -> Mapping[str, View]:
        value = row[column]
        missing: int | str = 0 if field == "severity" else ""
        asked: int | str = (
            missing if pd.isna(value) else int(value) if field == "severity" else str(value)
        )
        return {"cases": scope.view.but(state="open", **{field: (asked,)})}

    return rows


def adding(field: str, value: str) -> str:
    """What a click on a bar adds to the address."""
    return urlencode({field: value})


def severity_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """A bar per severity, Urgent first; severities without a case keep their place."""
    del scope
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
        adds=[adding("severity", str(n or "")) for _, n, _ in bars],
        total=sum(counts.values()),
    )


def field_figure(column: str, field: str, missing: str) -> Callable[[pd.DataFrame, Scope], Figure]:
    """A bar per value, most first; past a dozen the rest is one bar "other"."""

    def figure(frame: pd.DataFrame, scope: Scope) -> Figure:
        del scope
        values = ["" if pd.isna(value) else str(value) for value in frame[column]]
        counts = [int(number) for number in frame["cases"]]
        shown = len(values) if len(values) <= BARS_SHOWN else BARS_SHOWN - 1
        labels = [value or missing for value in values[:shown]]
        adds: list[str | None] = [adding(field, value) for value in values[:shown]]
        heights = counts[:shown]
        if len(values) > shown:
            labels.append(f"{len(values) - shown} other")
            heights.append(sum(counts[shown:]))
            adds.append(None)
        return _bars(
            labels=labels,
            counts=heights,
            colours=["$accent"] * shown + ["$muted"] * (len(labels) - shown),
            adds=adds,
            total=sum(counts),
        )

    return figure


def _bars(
    *,
    labels: list[str],
    counts: list[int],
    colours: list[str],
    adds: list[str | None] | list[str],
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
                "customdata": [adds[place] for place in order],
                "hovertext": [_told(labels[place], counts[place], total) for place in order],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            "showlegend": False,
            "xaxis": {
                "title": {"text": "Open cases"},
                "showgrid": True,
                "rangemode": "tozero",
                **whole_steps(max(counts, default=0)),
            },
            "yaxis": {
                "type": "category",
                "tickmode": "array",
                "tickvals": places,
                "ticktext": [short(labels[place]) for place in order],
            },
            "margin": {"r": 48},
        },
    }


def _told(label: str, count: int, total: int) -> str:
    share = f", {count / total:.0%} of {total:,}" if total else ""
    return f"{safe(label)}: {count:,} open {'case' if count == 1 else 'cases'}{share}"


def short(label: str) -> str:
    """A label as a chart shows it: cut, and without effect on the chart."""
    cut = label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
    return safe(cut)


def _by(field: str, title: str, question: str, missing: str, *, column: str | None = None) -> Panel:
    """The panel of open cases by a field of texts."""
    column = column or field
    return Panel(
        name=f"by_{field}",
        title=title,
        question=question,
        state="open",
        columns=(Measure(column, COLUMNS[column].label), Measure("cases", "Open", "cases")),
        select=_open_by(column),
        figure=field_figure(column, field, missing),
        n=total("cases"),
        rows=rows_of(column, field),
    )


BY_SEVERITY = Panel(
    name="by_severity",
    title="Open by severity",
    question="How severe is what is open?",
    state="open",
    columns=(Measure("severity", "Severity"), Measure("cases", "Open", "cases")),
    select=_open_by("severity"),
    figure=severity_figure,
    n=total("cases"),
    rows=rows_of("severity", "severity"),
)
BY_STATUS = _by("status", "Open by status", "Where do the open cases stand?", "No status")
BY_ACCOUNT = _by("account", "Open by account", "Whose cases are open?", "No account")
BY_ENGINEER = _by("engineer", "Open by engineer", "Who has how many open cases?", "Nobody")
BY_PRODUCT = _by("product", "Open by product", "What are open cases about?", "No product")
BY_CARD_STATUS = _by(
    "card_status", "Cards by status", "Where do the cards of open cases stand?", "No card"
)
