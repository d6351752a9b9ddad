"""How old is what is open, and how severe?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Integer, Select, cast, func, select, true

from app.chosen import chosen
from app.panel import Measure, Panel, Row, total
from app.panels.backlog import whole_steps
from app.panels.breakdown import adding
from app.scope import Scope
from app.series import place_of
from app.theme import Figure
from app.versions import TICK, V
from app.view import View
from app.words import SEVERITY_NAMES

# The first full day of age that a bucket no longer holds; the last bucket has no end.
EDGES = (8, 16, 31, 61, 181)
LABELS = ("0-7", "8-15", "16-30", "31-60", "61-180", ">180")


def bucket(instant: datetime) -> ColumnElement[int]:
    """The place of an open case's age at an instant among the buckets."""
    # Instants are compared: to compute each age would take longer than all the rest.
    starts = [instant - timedelta(days=edge) for edge in reversed(EDGES)]
    return len(EDGES) - place_of(V.created_date, starts)


def ageing_select(scope: Scope) -> Select[Any]:
    """Open cases by severity and age: a row per severity, a column per bucket."""
    board = scope.board
    view = scope.view.but(state="open")
    found = chosen(board, view, V.severity, bucket(scope.instant).label("bucket")).subquery("found")
    known = (
        select(found.c.severity, found.c.bucket, func.count().label("cases"))
        .group_by(found.c.severity, found.c.bucket)
        .subquery("known")
    )

    def cases(*place: ColumnElement[bool]) -> ColumnElement[int]:
        return cast(func.coalesce(func.sum(known.c.cases).filter(true(), *place), 0), Integer)

    return (
        select(
            known.c.severity,
            *(cases(known.c.bucket == n).label(f"age_{n}") for n in range(len(LABELS))),
            cases().label("cases"),
        )
        .group_by(known.c.severity)
        .order_by(known.c.severity.asc().nulls_last())
    )


def rows_of_bucket(place: int, severity: int, scope: Scope) -> View:
    """The open cases of a severity whose age lies in a bucket."""
    view, instant = scope.view, scope.instant
    changes: dict[str, Any] = {"severity": (severity,)}
    if place < len(EDGES):
        start = instant - timedelta(days=EDGES[place]) + TICK
        changes["created_from"] = max(start, view.created_from or start)
    if place:
        end = instant - timedelta(days=EDGES[place - 1]) + TICK
        changes["created_to"] = min(end, view.created_to or end)
    return view.but(state="open", **changes)


def ageing_rows(row: Row, scope: Scope) -> Mapping[str, View]:
    """The View behind each number of a severity's row."""
    severity: int = 0 if pd.isna(row["severity"]) else int(row["severity"])
    told = {f"age_{place}": rows_of_bucket(place, severity, scope) for place in range(len(LABELS))}
    return {**told, "cases": scope.view.but(state="open", severity=(severity,))}


def ageing_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """Stacked bars by age, a colour per severity; a click adds the severity."""
    del scope
    data = []
    for row in frame.to_dict("records"):
        number = 0 if pd.isna(row["severity"]) else int(row["severity"])
        name = SEVERITY_NAMES[number]
        counts = [int(row[f"age_{place}"]) for place in range(len(LABELS))]
        data.append(
            {
                "type": "bar",
                "name": name,
                "x": list(LABELS),
                "y": counts,
                "marker": {"color": f"$severity-{number}"},
                "customdata": [adding("severity", str(number or ""))] * len(LABELS),
                "meta": {"adds": adding("severity", str(number or ""))},
                "text": [
                    f"{name}: {count:,} open {'case' if count == 1 else 'cases'}, {label} days old"
                    for count, label in zip(counts, LABELS, strict=True)
                ],
                "textposition": "none",
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return {
        "data": data,
        "layout": {
            "barmode": "stack",
            "legend": {"traceorder": "normal"},
            "xaxis": {
                "type": "category",
                "categoryorder": "array",
                "categoryarray": list(LABELS),
                "title": {"text": "Age (days since creation)"},
            },
            "yaxis": {
                "title": {"text": "Open cases"},
                "tickformat": ",d",
                **whole_steps(_highest(data)),
            },
        },
    }


def _highest(bars: list[Figure]) -> int:
    """How many cases the highest stack holds."""
    return max(map(sum, zip(*(bar["y"] for bar in bars), strict=True)), default=0)


BY_AGE = Panel(
    name="by_age",
    title="Open by severity and age",
    question="How old is what is open?",
    state="open",
    columns=(
        Measure("severity", "Severity"),
        *(Measure(f"age_{place}", f"{label} days", "cases") for place, label in enumerate(LABELS)),
        Measure("cases", "Open", "cases"),
    ),
    select=ageing_select,
    figure=ageing_figure,
    n=total("cases"),
    rows=ageing_rows,
)
