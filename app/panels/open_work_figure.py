"""The figure of ageing: a row per severity, open cases by age, those past the yardstick solid."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from app.panel import Row
from app.panels.durations import BARS
from app.panels.multiples import LEFT, axis_name, days_axis, drawn, label, layers
from app.rows import records
from app.theme import Figure
from app.words import SEVERITY_NAMES


def ageing_figure(frame: pd.DataFrame, late: Callable[[Row], str]) -> Figure:
    """Bars over age, one row a severity; a line where 85 % of the closed cases were done.

    `late` gives the address of the cases beyond the line.
    """
    rows = records(frame)
    traces: list[Figure] = []
    axes: Figure = {}
    labels: list[Figure] = []
    shapes: list[Figure] = []
    for place, row in enumerate(rows):
        most = max((_count(row, number) for number in range(len(BARS))), default=0)
        layer = layers(place, len(rows), box=False)
        axes[axis_name(place, "yaxis")] = layer.counts(most)
        traces += [_bars(row, name, axis_name(place)) for name in ("usual", "late")]
        labels.append(label(_told(row), layer.top))
        if row["p85"]:
            shapes.append(_yardstick(row["p85"], layer.bottom, layer.top))
            traces.append(_late(row, late(row), axis_name(place), most))
    return {
        "data": traces,
        "layout": {
            "showlegend": False,
            "margin": {"l": LEFT},
            "barmode": "stack",
            "annotations": labels,
            "shapes": shapes,
            "xaxis": days_axis("Age (log scale)"),
            **({"yaxis": {"title": {"text": "Open cases"}}} | axes),
            "hovermode": "closest",
        },
    }


def _count(row: Mapping[str, Any], number: int) -> int:
    return int(row[f"usual_{number}"]) + int(row[f"late_{number}"])


def _bars(row: Mapping[str, Any], side: str, axis: str) -> Figure:
    severity = int(row["severity"] or 0)
    name = SEVERITY_NAMES[severity]
    late = side == "late"
    counts = [int(row[f"{side}_{number}"]) for number in range(len(BARS))]
    than = f"{'older than' if late else 'within'} the 85th percentile" if row["p85"] else "open"
    return {
        "type": "bar",
        "name": f"{name}, {than}",
        "yaxis": axis,
        **drawn(BARS),
        "y": counts,
        "marker": {
            "color": f"$severity-{severity}",
            "opacity": 1 if late else 0.4,
            "line": {"color": "$card", "width": 1},
        },
        "meta": {"adds": f"severity={severity or ''}"},
        "customdata": [
            f"state=open&severity={severity or ''}&days_to_close=none:"
            + span.text.replace("any", "..")
            for span in BARS
        ],
        "hovertext": [
            f"{name}: {count:,} open {'case' if count == 1 else 'cases'},<br>"
            f"{span.words} old, {than}"
            for count, span in zip(counts, BARS, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _told(row: Row) -> str:
    told = f"<b>{SEVERITY_NAMES[int(row['severity'] or 0)]}</b>  {row['open']:,} open"
    if not row["p85"]:
        return f"{told}, none closed in the period to compare with"
    return f"{told}, {row['beyond']:,} older than {row['p85']:,.1f} d (p85 of {row['compared']:,})"


def _late(row: Row, address: str, axis: str, most: int) -> Figure:
    """A mark on the yardstick that leads to the cases beyond it."""
    name = SEVERITY_NAMES[int(row["severity"] or 0)]
    cases = "1 open case" if row["beyond"] == 1 else f"{row['beyond']:,} open cases"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name}, older",
        "yaxis": axis,
        "x": [row["p85"]],
        "y": [most],
        "cliponaxis": False,
        "marker": {"color": "$text", "symbol": "triangle-right", "size": 13},
        "customdata": [address],
        "hovertext": [
            (
                f"{name}: {cases} older than {row['p85']:,.1f} days,<br>within which 85 % of the "
                "closed ones were done.<br>Click to list them."
            )
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _yardstick(days: float, bottom: float, top: float) -> Figure:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": days,
        "x1": days,
        "y0": bottom,
        "y1": top - 0.06,
        "line": {"color": "$text", "width": 1.5, "dash": "dot"},
    }
