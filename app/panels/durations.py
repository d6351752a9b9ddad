"""How long cases take to relief, resolution and close: histogram, five numbers, percentiles."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import (
    ARRAY,
    Double,
    Float,
    Integer,
    Select,
    case,
    cast,
    column,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.course import SECONDS_PER_DAY
from app.lengths import DAY, HOUR, Length, length_words, lengths_between, narrowed
from app.metrics import PERCENTILES
from app.panel import Measure, Panel, Row, total
from app.panels.cohort import CLOSE, RELIEF, RESOLUTION, Milestone, cohort, life, median, tenths
from app.panels.distribution import distribution
from app.percentiles import collected, summary
from app.scope import Scope
from app.theme import Figure
from app.view import View

# Bars over a scale that is nearly logarithmic, in numbers that people say.
EDGES: tuple[timedelta, ...] = (
    *(hours * HOUR for hours in (1, 3, 8)),
    *(days * DAY for days in (1, 2, 4, 7, 14, 30, 60, 120, 240)),
)
BARS: tuple[Length, ...] = lengths_between(EDGES)
FEW = 8
FIVE = {"least": 0.0, "q1": 0.25, "q3": 0.75, "most": 1.0}


def durations_select(scope: Scope, milestone: Milestone) -> Select[Any]:
    """Per severity: n and percentiles as in the catalogue, bars, and who has not got there."""
    cases = cohort(scope, milestone)
    edges = cast([edge.total_seconds() for edge in EDGES], ARRAY(Double))
    binned = tenths(
        cases,
        func.width_bucket(cases.c.seconds, edges).label("bin"),
        told=collected(cases.c.seconds / SECONDS_PER_DAY, cases.c.reached),
    )
    reached = summary(binned, ["tenth", "bin"], PERCENTILES | FIVE)
    bars = (
        select(
            binned.c.severity,
            _sum(binned.c.cases, ~binned.c.reached).label("censored"),
            *(
                _sum(binned.c.cases, binned.c.reached & (binned.c.bin == number)).label(
                    f"bin_{number}"
                )
                for number in range(len(BARS))
            ),
        )
        .group_by(binned.c.severity)
        .cte("bars")
    )
    table = life(binned)
    halves = select(table.c.severity, median(table)).group_by(table.c.severity).cte("halves")
    length: Any = func.unnest(binned.c.lengths).table_valued(column("days", Double))
    length = length.render_derived("length")
    each = (
        select(
            func.string_agg(
                func.to_char(length.c.days, "FM99990.00"),
                aggregate_order_by(literal(" "), length.c.days),
            )
        )
        .select_from(binned.join(length, true()))
        .where(binned.c.severity == reached.c.severity)
        .scalar_subquery()
    )
    return (
        select(
            func.nullif(bars.c.severity, 0).label("severity"),
            func.coalesce(reached.c.n, 0).label("n"),
            bars.c.censored,
            *(reached.c[name] for name in ("mean", "p50")),
            cast(halves.c.median, Float).label("km_median"),
            *(reached.c[name] for name in ("p85", "p95", *FIVE)),
            *(bars.c[f"bin_{number}"] for number in range(len(BARS))),
            case((reached.c.n < FEW, each)).label("each"),
        )
        .select_from(
            bars.join(halves, halves.c.severity == bars.c.severity).outerjoin(
                reached, reached.c.severity == bars.c.severity
            )
        )
        .order_by(func.nullif(bars.c.severity, 0).asc().nulls_last())
    )


def _sum(numbers: Any, condition: Any) -> Any:
    return cast(func.coalesce(func.sum(numbers).filter(condition), 0), Integer)


def durations_rows(row: Row, scope: Scope, milestone: Milestone) -> Mapping[str, View]:
    """Which cases a number counts: those that got there, those that did not, those of each bar."""
    of_severity = scope.view.but(severity=(int(row["severity"] or 0),))
    wanted = {"n": Length(), "censored": Length(reached=False)}
    wanted |= {f"bin_{number}": span for number, span in enumerate(BARS)}
    asked = getattr(scope.view, milestone.filter)
    found = {name: narrowed(asked, [span]) for name, span in wanted.items()}
    return {
        name: of_severity.but(**{milestone.filter: spans}) for name, spans in found.items() if spans
    }


def _columns(milestone: Milestone) -> tuple[Measure, ...]:
    return (
        Measure("severity", "Severity"),
        Measure("n", milestone.done.capitalize(), "cases"),
        Measure("censored", f"Not {milestone.done}", "cases"),
        Measure("mean", "Mean", "days"),
        Measure("p50", "Median", "days"),
        Measure("km_median", "Median, open ones included", "days"),
        Measure("p85", "85th percentile", "days"),
        Measure("p95", "95th percentile", "days"),
        Measure("least", "Shortest", "days"),
        Measure("q1", "Lower quartile", "days"),
        Measure("q3", "Upper quartile", "days"),
        Measure("most", "Longest", "days"),
        *(
            Measure(f"bin_{number}", length_words(span.start, span.end), "cases")
            for number, span in enumerate(BARS)
        ),
        Measure("each", f"Each duration in days, of fewer than {FEW}"),
    )


def _panel(name: str, milestone: Milestone, question: str) -> Panel:
    def select_(scope: Scope) -> Select[Any]:
        return durations_select(scope, milestone)

    def figure(frame: pd.DataFrame, _scope: Scope) -> Figure:
        return distribution(frame, milestone, BARS)

    def rows(row: Row, scope: Scope) -> Mapping[str, View]:
        return durations_rows(row, scope, milestone)

    return Panel(
        name=name,
        title=f"Time to {milestone.noun}",
        question=question,
        state="all",
        columns=_columns(milestone),
        select=select_,
        figure=figure,
        n=total("n"),
        rows=rows,
    )


TIME_TO_RELIEF = _panel("time_to_relief", RELIEF, "How long until a case is relieved?")
TIME_TO_RESOLUTION = _panel("time_to_resolution", RESOLUTION, "How long until a case is resolved?")
TIME_TO_CLOSE = _panel("time_to_close", CLOSE, "How long until a case is closed?")
