"""The figures of reopening: the rate by when cases were closed, and each reopened case."""

from typing import Any

import pandas as pd

from app.course import AGAIN_DAYS
from app.panels.timeaxis import time_axis
from app.rows import records
from app.scope import Scope
from app.steps import steps, unit_of
from app.theme import Figure
from app.view_fields import write_instant
from app.words import SEVERITY_NAMES


def rate_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """A bar per step; hatched while its cases can still come to be reopened."""
    rows = records(frame)
    unit, zone = unit_of(scope), scope.view.tz
    parts = {part.day: part for part in steps(scope)}
    told = [parts[row["day"]] for row in rows if row["day"] in parts]
    rates = [row["rate"] for row in rows]
    return {
        "data": [
            {
                "type": "bar",
                "name": "Reopen rate",
                "x": [row["day"].isoformat() for row in rows],
                "y": rates,
                "marker": {
                    "color": "$accent",
                    "pattern": {"shape": ["" if row["whole"] else "/" for row in rows]},
                },
                "customdata": [
                    f"reopened={write_instant(part.start)}/{write_instant(part.end)}"
                    for part in told
                ],
                "hovertext": [
                    _hover(row, part.words(unit, zone))
                    for row, part in zip(rows, told, strict=False)
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            "showlegend": False,
            "xaxis": {"type": "date", "title": {"text": f"Closed in the {unit} from ({zone})"}},
            "annotations": [] if any(rates) else [_none(frame)],
            "yaxis": {
                "title": {"text": f"Reopened within {AGAIN_DAYS} days"},
                "ticksuffix": " %",
                "rangemode": "tozero",
                **({} if any(rates) else {"range": [0, 5]}),
            },
            "hovermode": "closest",
        },
    }


def _none(frame: pd.DataFrame) -> Figure:
    """Where bars have no height, the words for it."""
    return {
        "text": f"None of {int(frame['closed'].sum()):,} closed cases came back",
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "font": {"size": 12},
    }


def _hover(row: dict[str, Any], when: str) -> str:
    if not row["closed"]:
        return f"No case was closed {when}"
    told = (
        f"{row['rate']:.1f} %: {row['reopened']:,} of {row['closed']:,} cases closed {when}<br>"
        f"were reopened within {AGAIN_DAYS} days"
    )
    return told if row["whole"] else f"{told} so far;<br>the {AGAIN_DAYS} days are not over yet"


def reopened_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """A dot per reopened case: when it was closed, and for how many days."""
    rows = records(frame)
    numbers = sorted({int(row["severity"] or 0) for row in rows}, key=lambda n: n or 9)
    return {
        "data": [_dots(number, rows) for number in numbers],
        "layout": {
            "xaxis": time_axis(scope, f"Closed ({scope.view.tz})"),
            "yaxis": {
                "title": {"text": "Days until it was reopened"},
                "range": [-0.5, AGAIN_DAYS + 0.5],
                "tick0": 0,
                "dtick": 7,
            },
            "hovermode": "closest",
            "legend": {"traceorder": "normal"},
        },
    }


def _dots(number: int, rows: list[dict[str, Any]]) -> Figure:
    mine = [row for row in rows if int(row["severity"] or 0) == number]
    name = SEVERITY_NAMES[number]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [row["closed"] for row in mine],
        "y": [row["days"] for row in mine],
        "marker": {"color": f"$severity-{number}", "size": 7, "opacity": 0.8},
        "meta": {"adds": f"severity={number or ''}"},
        "customdata": [f"/cases/{row['number']}" for row in mine],
        "hovertext": [
            f"Case {row['number']}, {name}:<br>closed {row['closed']}, reopened {row['again']},<br>"
            f"{row['days']:,.1f} days later"
            for row in mine
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
