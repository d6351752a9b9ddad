"""How long had it taken, for the cases that reached a milestone on a day?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    SelectBase,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from app.course import days_between
from app.day_table import day_table
from app.fence import fenced
from app.halves import Half, of_all, of_half
from app.panel import Measure, Panel, Row
from app.panels.backlog import day_end, day_name, to_days
from app.panels.daylines import day_axis, whole
from app.period import midnight
from app.scope import Scope
from app.series import numbered, place_of
from app.theme import Figure
from app.versions import TICK, V
from app.view import View

MILESTONES = {
    "relief": ("Relief", "$severity-2"),
    "resolved": ("Resolution", "$accent"),
    "closed": ("Closing", "$closed"),
}
# Medians of fewer cases say little: their points are hollow.
FEW = 8


def milestones_select(scope: Scope) -> Select[Any]:
    """A row per day, newest first: of each milestone how many cases reached it, and their median.

    Cases, open and closed, count as they are known at the instant.
    """
    days = day_table(scope.days())
    told = _told(scope).subquery("told")
    columns: list[Any] = [days.c.day]
    for n, name in enumerate(MILESTONES):
        here = told.c.milestone == n
        count = func.coalesce(func.max(told.c.n).filter(here), 0)
        columns += [
            cast(count, Integer).label(f"{name}_n"),
            func.max(told.c.median).filter(here).label(f"{name}_median"),
        ]
    return (
        select(*columns)
        .select_from(days.outerjoin(told, told.c.place == days.c.place))
        .group_by(days.c.day)
        .order_by(days.c.day.desc())
    )


def _told(scope: Scope) -> Select[Any]:
    """By day and milestone: `place`, `milestone` (its number), `n` and `median`; in one pass."""
    ends, start = scope.ends(), scope.period.filled()[0]
    known = _known(scope, start).subquery("known")
    every = numbered(len(MILESTONES), "milestones")
    moments = case(*((every.c.number == n, known.c[name]) for n, name in enumerate(MILESTONES)))
    each = fenced(
        select(every.c.number, known.c.created_date, moments.label("moment")).select_from(
            known.join(every, true())
        ),
        "each",
    )
    # Two numbers as one are sorted faster than both.
    slot = place_of(each.c.moment, ends) * len(MILESTONES) + each.c.number
    days = days_between(each.c.created_date, each.c.moment)
    slots = (
        select(
            slot.label("slot"),
            func.count().label("n"),
            cast(func.percentile_cont(0.5).within_group(days.asc()), Float).label("median"),
        )
        .where(each.c.moment >= start, each.c.moment <= ends[-1])
        .group_by(literal_column("1"))
        .subquery("slots")
    )
    return select(
        (slots.c.slot // len(MILESTONES)).label("place"),
        (slots.c.slot % len(MILESTONES)).label("milestone"),
        slots.c.n,
        slots.c.median,
    )


def _known(scope: Scope, start: datetime) -> SelectBase:
    """The cases that reached a milestone since an instant: when they began and reached each."""

    def told(half: Half) -> list[ColumnElement[Any]]:
        return [V.created_date, *(half.moment(name).label(name) for name in MILESTONES)]

    def lately(half: Half) -> list[ColumnElement[bool]]:
        return [or_(*(half.moment(name) >= start for name in MILESTONES))]

    if scope.live:
        return of_all(scope, told, lately)
    still_open, closed = Half(scope.instant, True), Half(scope.instant, False)
    # Most that were closed before had reached everything by then: an index tells the others.
    outlived = [V.closed_at < start, or_(V.relief_at > V.closed_at, V.resolved_at > V.closed_at)]
    return union_all(
        of_half(still_open, scope, told, lately),
        of_half(closed, scope, told, lambda _: [V.closed_at >= start]),
        of_half(closed, scope, told, lambda half: [*outlived, *lately(half)]),
    )


def milestones_rows(row: Row, scope: Scope) -> Mapping[str, View]:
    """The cases closed on the day; when relief or resolution came is not asked for by a View."""
    view, day = scope.view, row["day"]
    start = max(scope.period.filled()[0], midnight(day, view.tz))
    end = day_end(day, scope) + TICK
    bounds = {
        "closed_from": max(start, view.closed_from or start),
        "closed_to": min(end, view.closed_to or end),
    }
    return {"closed_n": view.but(state="closed", **bounds)}


def milestones_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """A line of daily medians per milestone; hollow points stand for fewer than `FEW` cases."""
    rows = frame.sort_values("day")
    days = list(rows["day"])
    traces: list[Figure] = []
    for name, (label, colour) in MILESTONES.items():
        counts = [count or 0 for count in whole(rows[f"{name}_n"])]
        # A logarithm knows no zero.
        medians = [
            None if pd.isna(value) else max(round(float(value), 2), 0.01)
            for value in rows[f"{name}_median"]
        ]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label,
                "x": [day.isoformat() for day in days],
                "y": medians,
                "line": {"color": colour, "width": 1},
                "marker": {
                    "color": colour,
                    "size": 6,
                    "symbol": ["circle-open" if n < FEW else "circle" for n in counts],
                },
                "customdata": to_days(days, scope),
                "text": [
                    f"{label}: median {median:,.1f} days, n {n:,}, on {day_name(day)}"
                    if median is not None
                    else ""
                    for median, n, day in zip(medians, counts, days, strict=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": {
            "xaxis": day_axis(days, scope),
            "yaxis": {
                "type": "log",
                "rangemode": "normal",
                "dtick": 1,
                "tickformat": ",~g",
                "title": {"text": "Median days since creation (log scale)"},
            },
            "hovermode": "x unified",
            "showlegend": True,
        },
    }


DAILY_MILESTONES = Panel(
    name="daily_milestones",
    title="Days until relief, resolution and closing: daily medians, all severities together",
    question="How long had it taken, for the cases that reached the milestone on that day?",
    state="all",
    columns=(
        Measure("day", "Day"),
        *(
            measure
            for name, (label, _) in MILESTONES.items()
            for measure in (
                Measure(f"{name}_n", f"{label}, n", "cases"),
                Measure(f"{name}_median", f"{label}, median", "days"),
            )
        ),
    ),
    select=milestones_select,
    figure=milestones_figure,
    n=lambda frame: int(frame[[f"{name}_n" for name in MILESTONES]].sum().max()),
    rows=milestones_rows,
    period=True,
)
