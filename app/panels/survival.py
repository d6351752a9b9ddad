"""Which part of the cases has not come to relief, resolution or close after so many days."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Float, Integer, Select, cast, func, or_, select

from app.lengths import Length, narrowed
from app.panel import Measure, Panel, Row
from app.panels.cohort import (
    CLOSE,
    RELIEF,
    RESOLUTION,
    ROUNDING,
    TENTH,
    Milestone,
    cohort,
    life,
    tenths,
)  # fmt: skip
from app.panels.multiples import LOWEST, days_axis
from app.rows import records
from app.scope import Scope
from app.theme import Figure
from app.view import View
from app.words import SEVERITY_NAMES

# The curve is drawn where it falls below another fiftieth; fifty steps a severity are enough.
DRAWN = 50


def survival_select(scope: Scope, milestone: Milestone) -> Select[Any]:
    """The steps of the estimator of Kaplan and Meier, by severity: see `app.panels.cohort.life`.

    `days` is when a step is taken, `at_risk` how many cases were left just before, `reached` how
    many got there since the step above, `share` which percentage is left after it.
    """
    table = life(tenths(cohort(scope, milestone)))
    order: Any = {"partition_by": table.c.severity, "order_by": table.c.tenth}
    level = func.floor(table.c.share * DRAWN - 1e-9)
    steps = (
        select(
            table.c.severity,
            table.c.tenth,
            table.c.at_risk,
            table.c.share,
            func.sum(table.c.reached).over(**order).label("so_far"),
            level.label("level"),
            func.lag(level).over(**order).label("level_before"),
            func.count().over(partition_by=table.c.severity).label("all"),
            func.row_number().over(**order).label("place"),
        )
        .where(table.c.reached > 0)
        .subquery("steps")
    )
    drawn = (
        select(steps)
        .where(
            or_(
                steps.c.level_before.is_(None),
                steps.c.level != steps.c.level_before,
                steps.c.place == steps.c.all,
            )
        )
        .subquery("drawn")
    )
    whole: Any = {"partition_by": drawn.c.severity, "order_by": drawn.c.tenth}
    before = func.lag(drawn.c.so_far, 1, 0).over(**whole)
    return select(
        func.nullif(drawn.c.severity, 0).label("severity"),
        cast(func.lag(drawn.c.tenth).over(**whole) / 10.0, Float).label("after"),
        cast(drawn.c.tenth / 10.0, Float).label("days"),
        drawn.c.at_risk,
        cast(drawn.c.so_far - before, Integer).label("reached"),
        (drawn.c.share * 100).label("share"),
    ).order_by(func.nullif(drawn.c.severity, 0).asc().nulls_last(), drawn.c.tenth)


def survival_rows(row: Row, scope: Scope, milestone: Milestone) -> Mapping[str, View]:
    """Which cases were left before a step, and which got there since the step above it."""
    asked = getattr(scope.view, milestone.filter)
    of_severity = scope.view.but(severity=(int(row["severity"] or 0),))
    begin = _edge(row["days"])
    wanted = {
        "at_risk": [Length(begin), Length(begin, reached=False)],
        "reached": [Length(_edge(row["after"]), _edge(row["days"], 1))],
    }
    if row["after"] is not None:
        wanted["reached"] = [Length(_edge(row["after"], 1), _edge(row["days"], 1))]
    found = {name: narrowed(asked, spans) for name, spans in wanted.items()}
    return {
        name: of_severity.but(**{milestone.filter: spans}) for name, spans in found.items() if spans
    }


def _edge(day: float | None, more: int = 0) -> timedelta | None:
    """From which duration on one is rounded to a day (in tenths), or to so many tenths more."""
    if day is None:
        return None
    tenths = round(day * 10) + more
    # The first tenth takes all below it: nothing is rounded to less than zero.
    return None if tenths <= 0 else timedelta(seconds=tenths * TENTH - TENTH / 2)


def survival_figure(frame: pd.DataFrame, milestone: Milestone) -> Figure:
    """A falling staircase per severity, with a line where half of the cases are left."""
    traces = []
    steps: dict[int, list[dict[str, Any]]] = {}
    for row in records(frame):
        steps.setdefault(int(row["severity"] or 0), []).append(row)
    for number, of_severity in steps.items():
        traces.append(_curve(number, of_severity, milestone))
    longest = float(frame["days"].max()) if len(frame) else 0
    return {
        "data": traces,
        "layout": {
            "xaxis": days_axis("Time since creation (log scale)", longest),
            "yaxis": {
                "title": {"text": f"Not {milestone.done} yet"},
                "range": [0, 104],
                "ticksuffix": " %",
                "dtick": 25,
            },
            "shapes": [
                {
                    "type": "line",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": 50,
                    "y1": 50,
                    "line": {"color": "$secondary", "width": 1, "dash": "dot"},
                }
            ],
            "hovermode": "closest",
            "legend": {"traceorder": "normal"},
        },
    }


def _curve(number: int, rows: list[dict[str, Any]], milestone: Milestone) -> Figure:
    name = SEVERITY_NAMES[number]
    middle = next((row["days"] for row in rows if row["share"] <= 50 + ROUNDING), None)
    told = [
        f"{name}: {row['share']:.0f} % not {milestone.done} after {row['days']:,.1f} days,<br>"
        f"{row['at_risk']:,} cases at risk just before"
        for row in rows
    ]
    half = "over half are left" if middle is None else f"half by {middle:,.1f} d"
    return {
        "type": "scatter",
        "mode": "lines" if len(rows) > 1 else "lines+markers",
        "name": f"{name}: {half}",
        "x": [LOWEST, *(max(row["days"], LOWEST) for row in rows)],
        "y": [100, *(row["share"] for row in rows)],
        "line": {"color": f"$severity-{number}", "width": 2, "shape": "hv"},
        "meta": {"adds": f"severity={number or ''}"},
        "customdata": [f"severity={number or ''}"] * (len(rows) + 1),
        "hovertext": [f"{name}: all cases on the day of their creation", *told],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _first_at_risk(frame: pd.DataFrame) -> int:
    """How many cases the curves begin with; those that leave before the first step not counted."""
    return int(frame.groupby("severity", dropna=False)["at_risk"].max().sum()) if len(frame) else 0


def _panel(name: str, milestone: Milestone) -> Panel:
    def select_(scope: Scope) -> Select[Any]:
        return survival_select(scope, milestone)

    def figure(frame: pd.DataFrame, _scope: Scope) -> Figure:
        return survival_figure(frame, milestone)

    def rows(row: Row, scope: Scope) -> Mapping[str, View]:
        return survival_rows(row, scope, milestone)

    return Panel(
        name=name,
        title=f"Still without {milestone.noun}",
        question=f"Which part of all cases, open ones included, is not {milestone.done} yet?",
        state="all",
        columns=(
            Measure("severity", "Severity"),
            Measure("after", "After the step above", "days"),
            Measure("days", "Up to", "days"),
            Measure("at_risk", "At risk before", "cases"),
            Measure("reached", milestone.done.capitalize(), "cases"),
            Measure("share", f"Not {milestone.done} yet", "%"),
        ),
        select=select_,
        figure=figure,
        n=_first_at_risk,
        rows=rows,
    )


SURVIVAL_RELIEF = _panel("survival_relief", RELIEF)
SURVIVAL_RESOLUTION = _panel("survival_resolution", RESOLUTION)
SURVIVAL_CLOSE = _panel("survival_close", CLOSE)
