"""How much came in, and how far did it get?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    case,
    cast,
    func,
    select,
    true,
)

from app.added_up import HOUR, whole_hour
from app.days import day_by_day
from app.halves import Half, of_both
from app.panel import Measure, Panel
from app.panels.backlog import to_days
from app.panels.daylines import day_axis, whole
from app.rolled import rolls
from app.rolled_stages import rolled_stages
from app.scope import Scope
from app.series import numbered, place_of, running
from app.theme import Figure
from app.versions import TICK, V

# Stages in their order, with what they are called, and the colour of the band of those cases that
# have not reached the next one.
STAGES = {
    "created": ("Created", "$accent"),
    "relieved": ("Relieved", "$severity-2"),
    "resolved": ("Resolved", "$category-4"),
    "closed": ("Closed", "$closed"),
}


def _moments(half: Half) -> dict[str, ColumnElement[Any]]:
    """When a case reached each stage: a later one implies those before, none precedes creation."""
    closed = half.moment("closed")
    resolved = func.least(V.resolved_at, closed)
    told: dict[str, Any] = {
        "relieved": func.least(V.relief_at, resolved),
        "resolved": resolved,
        "closed": closed,
    }
    after = {
        name: case((moment.is_not(None), func.greatest(V.created_date, moment)))
        for name, moment in told.items()
    }
    return {"created": V.created_date, **after}


def _reached(scope: Scope, instants: Sequence[datetime]) -> Select[Any]:
    """How many cases had reached each stage at each instant, of those not closed before."""
    edges = [scope.period.filled()[0] - TICK, *instants]
    if scope.live and rolls(scope, edges):
        return running(rolled_stages(scope.view, edges), list(STAGES), len(instants))
    return running([_summed(scope, instants)], list(STAGES), len(instants))


def _summed(scope: Scope, instants: Sequence[datetime]) -> Select[Any]:
    """How many reached each stage by the places of the instants, read off all cases."""
    start = scope.period.filled()[0]
    known = of_both(
        scope,
        lambda half: [moment.label(name) for name, moment in _moments(half).items()],
        lambda half: [] if half.is_open else [V.closed_at >= start],
    ).subquery("known")
    every = numbered(len(STAGES), "stages")
    moment = case(*((every.c.number == n, known.c[name]) for n, name in enumerate(STAGES)))
    # What a clock that goes ahead tells of counts within the hour that is not over.
    ended = scope.live and instants[-1] == scope.instant
    last = whole_hour(instants[-1]) + HOUR - TICK if ended else instants[-1]
    told: list[Any] = [place_of(moment, [*instants[:-1], last]).label("place")]
    for n, name in enumerate(STAGES):
        told.append(func.count().filter(every.c.number == n).label(name))
    return (
        select(*told)
        .select_from(known.join(every, true()))
        .where(moment.is_not(None), moment <= last)
        .group_by("place")
    )


def cumulative_select(scope: Scope) -> Select[Any]:
    """A row per day: how many cases had reached each stage by its end, and were in progress."""
    told = day_by_day(scope, _reached, list(STAGES)).subquery("told")
    return select(
        told.c.day,
        *(told.c[name] for name in STAGES),
        cast(told.c.created - told.c.closed, Integer).label("in_progress"),
    ).order_by(told.c.day.desc())


def cumulative_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """Filled bands, from what is closed at the bottom up to what has only just come."""
    rows = frame.sort_values("day")
    days = list(rows["day"])
    x, clicks = [day.isoformat() for day in days], to_days(days, scope)
    progress = whole(rows["in_progress"])
    traces: list[Figure] = []
    for name, (label, colour) in reversed(STAGES.items()):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines" if len(days) > 1 else "markers",
                "name": label,
                "x": x,
                "y": whole(rows[name]),
                "fill": "tonexty" if traces else "tozeroy",
                "line": {"color": colour, "width": 1.5},
                "marker": {"color": colour, "size": 8},
                "customdata": clicks,
                "hovertemplate": f"{label}: %{{y:,d}}<extra></extra>",
            }
        )
    traces[-1]["text"] = [f", {count:,} of them in progress" for count in progress]
    traces[-1]["hovertemplate"] = "Created: %{y:,d}%{text}<extra></extra>"
    return {
        "data": traces,
        "layout": {
            "xaxis": {**day_axis(days, scope), "hoverformat": "%-d %B %Y"},
            "yaxis": {"title": {"text": "Cases"}, "tickformat": ",d"},
            "hovermode": "x unified",
            "legend": {"traceorder": "reversed"},
        },
    }


CUMULATIVE = Panel(
    name="cumulative_flow",
    title="Cumulative flow of the cases that were not closed before the period",
    question="How much came in, how far did it get, and how much is in progress between?",
    state="all",
    columns=(
        Measure("day", "Day"),
        *(Measure(name, label, "cases") for name, (label, _) in STAGES.items()),
        Measure("in_progress", "In progress", "cases"),
    ),
    select=cumulative_select,
    figure=cumulative_figure,
    n=lambda frame: int(frame["created"].max()) if len(frame) else 0,
    period=True,
)
