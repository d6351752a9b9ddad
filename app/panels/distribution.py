"""The figure of durations: a row per severity, bars on a log scale and a box below them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from app.lengths import Length
from app.panels.cohort import Milestone
from app.panels.multiples import LEFT, LOWEST, axis_name, days_axis, drawn, label, layers
from app.rows import records
from app.theme import Figure
from app.words import SEVERITY_NAMES


def distribution(frame: pd.DataFrame, milestone: Milestone, spans: Sequence[Length]) -> Figure:
    """Small multiples, Urgent on top; of fewer than eight cases each is a dot instead of a box."""
    rows = records(frame)
    traces: list[Figure] = []
    axes: Figure = {}
    labels: list[Figure] = []
    for place, row in enumerate(rows):
        layer = layers(place, len(rows), box=True)
        most = max((int(row[f"bin_{number}"]) for number in range(len(spans))), default=0)
        axes[axis_name(place, "yaxis")] = layer.counts(most)
        axes[axis_name(len(rows) + place, "yaxis")] = layer.box()
        traces.append(_bars(row, milestone, spans, axis_name(place)))
        traces += _spread(row, milestone, axis_name(len(rows) + place))
        labels.append(label(_told(row), layer.top))
    return {
        "data": traces,
        "layout": {
            "showlegend": False,
            "margin": {"l": LEFT},
            "annotations": labels,
            "xaxis": days_axis(f"Time from creation to {milestone.noun} (log scale)"),
            **({"yaxis": {"title": {"text": "Cases"}}} | axes),
            "hovermode": "closest",
        },
    }


def _bars(
    row: Mapping[str, Any], milestone: Milestone, spans: Sequence[Length], axis: str
) -> Figure:
    number = int(row["severity"] or 0)
    name, total = SEVERITY_NAMES[number], int(row["n"])
    counts = [int(row[f"bin_{place}"]) for place in range(len(spans))]
    severity = number or ""
    return {
        "type": "bar",
        "name": name,
        "yaxis": axis,
        **drawn(spans),
        "y": counts,
        "marker": {"color": f"$severity-{number}", "line": {"color": "$card", "width": 1}},
        "meta": {"adds": f"severity={severity}"},
        "customdata": [f"severity={severity}&{milestone.filter}={span.text}" for span in spans],
        "hovertext": [
            f"{name}: {count:,} of {total:,} cases<br>"
            f"{milestone.done} {'after' if span.start else 'in'} {span.words}"
            for count, span in zip(counts, spans, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _spread(row: Mapping[str, Any], milestone: Milestone, axis: str) -> list[Figure]:
    """Five numbers as a box, or each of a few durations as a dot."""
    if not row["n"]:
        return []
    number = int(row["severity"] or 0)
    colour, name = f"$severity-{number}", SEVERITY_NAMES[number]
    adds = f"severity={number or ''}"
    if row["each"]:
        days = [float(text) for text in str(row["each"]).split()]
        told = [f"{name}: a case {milestone.done} after {value:,.1f} days" for value in days]
        return [_dots(days, told, colour, adds, axis)]
    least, low, middle, high, most = (
        [max(float(row[part]), LOWEST)] for part in ("least", "q1", "p50", "q3", "most")
    )
    five = (
        f"{name}, {row['n']:,} cases {milestone.done}:<br>shortest {row['least']:,.1f} days, "
        f"a quarter by {row['q1']:,.1f}, half by {row['p50']:,.1f},<br>"
        f"three quarters by {row['q3']:,.1f}, longest {row['most']:,.1f} days"
    )
    box = {
        "type": "box",
        "orientation": "h",
        "yaxis": axis,
        "y": [0],
        "lowerfence": least,
        "q1": low,
        "median": middle,
        "q3": high,
        "upperfence": most,
        "width": 1.4,
        "line": {"color": colour, "width": 1.5},
        "hoverinfo": "skip",
    }
    return [box, _dots(middle, [five], colour, adds, axis)]


def _dots(days: list[float], told: list[str], colour: str, adds: str, axis: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "yaxis": axis,
        "x": [max(value, LOWEST) for value in days],
        "y": [0] * len(days),
        "marker": {"color": colour, "size": 7},
        "customdata": [adds] * len(days),
        "hovertext": told,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _told(row: Mapping[str, Any]) -> str:
    total, censored = row["n"], row["censored"]
    told = f"<b>{SEVERITY_NAMES[int(row['severity'] or 0)]}</b>  n {total:,}"
    if total:
        told += f", median {row['p50']:,.1f} d"
    if not censored:
        return told
    middle = row["km_median"]
    half = "not half yet" if middle is None else f"{middle:,.1f} d"
    return f"{told}; {half} with {censored:,} left"
