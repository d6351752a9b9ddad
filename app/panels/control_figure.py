"""The figure of the control chart: dots or cells, and the rolling median with its band."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import log10
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from app.lengths import DAY, Length
from app.panels.multiples import LOWEST, MOST, TICKS
from app.panels.timeaxis import time_axis
from app.rows import records
from app.scope import Scope
from app.steps import Step, steps, unit_of
from app.theme import Figure
from app.view_fields import write_instant
from app.words import SEVERITY_NAMES


def control_figure(
    frame: pd.DataFrame, scope: Scope, spans: Sequence[Length], rolling: str
) -> Figure:
    """Each closing at its time, its days on a logarithmic axis; lines of what is usual."""
    rows = records(frame)
    around = {step.day: step for step in steps(scope)}
    first = min(around, default=date.max)
    cells = [row for row in rows if row["cases"] is not None]
    marks = [_cells(cells, around, first, spans, scope)] if cells else _dots(rows) if rows else []
    return {
        "data": [*marks, *_lines(rows, first, scope, rolling)],
        "layout": {
            "xaxis": time_axis(scope, f"Closed ({scope.view.tz})"),
            "yaxis": {
                "type": "log",
                "range": [log10(LOWEST), log10(MOST / DAY)],
                "tickvals": [length / DAY for length in TICKS],
                "ticktext": list(TICKS.values()),
                "title": {"text": "Time to close (log scale)"},
            },
            "hovermode": "closest",
            "legend": {"traceorder": "normal"},
        },
    }


def _dots(rows: list[dict[str, Any]]) -> list[Figure]:
    traces = []
    for number in sorted({int(row["severity"] or 0) for row in rows}, key=lambda n: n or 9):
        of_severity = [row for row in rows if int(row["severity"] or 0) == number]
        name = SEVERITY_NAMES[number]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [row["closed"] for row in of_severity],
                "y": [max(row["days"], LOWEST) for row in of_severity],
                "marker": {"color": f"$severity-{number}", "size": 6, "opacity": 0.65},
                "meta": {"adds": f"severity={number or ''}"},
                "customdata": [f"/cases/{row['number']}" for row in of_severity],
                "hovertext": [
                    f"Case {row['number']}, {name}:<br>closed {row['closed'][:16]} "
                    f"after {row['days']:,.1f} days".replace("T", " ")
                    for row in of_severity
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    return traces


def _cells(
    rows: list[dict[str, Any]],
    around: dict[date, Step],
    first: date,
    spans: Sequence[Length],
    scope: Scope,
) -> Figure:
    """Closings counted by step and by how long they took, the more the darker."""
    unit, zone = unit_of(scope), scope.view.tz
    counts = {(max(row["day"], first), row["took"]): row["cases"] for row in rows}
    days = sorted(around)
    last = around[days[-1]]
    z: list[list[int | None]] = []
    words: list[list[str]] = []
    queries: list[list[str | None]] = []
    for span in spans:
        line = [counts.get((day, span.text)) for day in days]
        z.append(line)
        words.append(
            [
                f"{count or 0:,} cases closed {around[day].words(unit, zone)}<br>after {span.words}"
                for day, count in zip(days, line, strict=True)
            ]
        )
        queries.append(
            [
                f"closed_from={write_instant(around[day].start)}"
                f"&closed_to={write_instant(around[day].end)}&days_to_close={span.text}"
                if count
                else None
                for day, count in zip(days, line, strict=True)
            ]
        )
    edges = [LOWEST, *(span.end / DAY for span in spans if span.end), MOST / DAY]
    after = days[-1] + timedelta(days=max((last.end - last.start).days, 1))
    return {
        "type": "heatmap",
        "name": "Closed cases",
        "x": [day.isoformat() for day in [*days, after]],
        "y": edges,
        "z": z,
        "colorscale": [[0, "$border"], [1, "$accent"]],
        "zmin": 0,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "customdata": queries,
        "text": words,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _lines(rows: list[dict[str, Any]], first: date, scope: Scope, rolling: str) -> list[Figure]:
    usual = {max(row["day"], first): (row["p50"], row["p85"]) for row in rows}
    unit, zone = unit_of(scope), scope.view.tz
    around = {step.day: step for step in steps(scope)}
    days = [day for day in sorted(usual) if day in around]
    if not days:
        return []
    traces = []
    drawn = ((f"Median of {rolling}", "solid"), ("85th percentile", "dot"))
    for place, (name, dash) in enumerate(drawn):
        values = [max(usual[day][place], LOWEST) for day in days]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": [*(day.isoformat() for day in days), _end(around[days[-1]], zone)],
                "y": [*values, values[-1]],
                "line": {"color": "$text", "width": 2 - place * 0.5, "dash": dash, "shape": "hv"},
                "hovertext": [
                    f"Closed in the {rolling} up to those {around[day].words(unit, zone)}:<br>"
                    f"{'half' if place == 0 else '85 %'} took at most {value:,.1f} days"
                    for day, value in zip(days, values, strict=True)
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
                **({"fill": "tonexty", "fillcolor": "rgba(111,168,230,0.12)"} if place else {}),
            }
        )
    return traces


def _end(step: Step, zone: str) -> str:
    """The local time at which a step ends, so that its line is as long as the step."""
    local = step.end.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return local.isoformat(timespec="seconds")
