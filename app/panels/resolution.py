"""How long it takes until a case is resolved."""

from typing import Any

import pandas as pd
from sqlalchemy import Integer, Select, and_, cast, func

from app.metrics import days_until, durations
from app.panel import Measure, Panel, total
from app.scope import Scope
from app.theme import Figure
from app.words import SEVERITY_NAMES

# Upper ends of the bars, in days; the last bar has none.
EDGES = (1, 2, 4, 7, 14, 30, 60, 90, 180)
LABELS = ("<1", "1-2", "2-4", "4-7", "7-14", "14-30", "30-60", "60-90", "90-180", "≥180")


def resolution_select(scope: Scope) -> Select[Any]:
    """Per severity: n, mean, percentiles, and how many cases took how long."""
    days = days_until(scope.board, "resolved")
    starts, ends = (None, *EDGES), (*EDGES, None)
    bins = [
        cast(
            func.count().filter(
                and_(
                    *([days >= start] if start is not None else []),
                    *([days < end] if end is not None else []),
                )
            ),
            Integer,
        ).label(f"bin_{place}")
        for place, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    return durations(scope.view, scope.board, "resolved").add_columns(*bins)


def resolution_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """A histogram over bars of growing width, stacked by severity, medians in the legend."""
    del scope
    return {
        "data": [_series(row) for row in frame.to_dict("records")],
        "layout": {
            "barmode": "stack",
            "legend": {"traceorder": "normal"},
            "xaxis": {
                "type": "category",
                "categoryorder": "array",
                "categoryarray": list(LABELS),
                "title": {"text": "Days from creation to resolution"},
            },
            "yaxis": {"title": {"text": "Resolved cases"}, "tickformat": ",d"},
        },
    }


def _series(row: dict[Any, Any]) -> Figure:
    number = 0 if pd.isna(row["severity"]) else int(row["severity"])
    name = SEVERITY_NAMES[number]
    total = int(row["n"])
    counts = [int(row[f"bin_{place}"]) for place in range(len(LABELS))]
    return {
        "type": "bar",
        "name": f"{name}: median {row['p50']:.1f} d, n {total:,}",
        "x": list(LABELS),
        "y": counts,
        "marker": {"color": f"$severity-{number}"},
        "customdata": [f"severity={number}"] * len(LABELS),
        "meta": {"adds": f"severity={number}"},
        "text": [
            f"{name}: {count:,} of {total:,} cases resolved in {label} days"
            for label, count in zip(LABELS, counts, strict=True)
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


TIME_TO_RESOLUTION = Panel(
    name="time_to_resolution",
    title="Time to resolution",
    question="How long until a case is resolved?",
    state="all",
    columns=(
        Measure("severity", "Severity"),
        Measure("n", "Resolved", "cases"),
        Measure("mean", "Mean", "days"),
        Measure("p50", "Median", "days"),
        Measure("p85", "85th percentile", "days"),
        Measure("p95", "95th percentile", "days"),
        *(Measure(f"bin_{place}", f"{label} days", "cases") for place, label in enumerate(LABELS)),
    ),
    select=resolution_select,
    figure=resolution_figure,
    n=total("n"),
)
