"""The control chart: how long each case took that was closed in the period, and what is usual."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import (
    ARRAY,
    CTE,
    Date,
    DateTime,
    Double,
    Integer,
    Select,
    SmallInteger,
    Text,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)  # fmt: skip

from app import course
from app.lengths import narrowed
from app.panel import Measure, Panel, Row
from app.panels.control_figure import control_figure
from app.panels.durations import BARS, EDGES
from app.panels.listed import listed
from app.scope import Scope
from app.steps import Step, steps, unit_of
from app.versions import VERSIONS, V
from app.view import View

MOST_DOTS = 2_000
# Over how many steps the median rolls: 7 days, 4 weeks, 3 months.
ROLLING = {"day": 7, "week": 4, "month": 3}


def control_select(scope: Scope) -> Select[Any]:
    """The closings of the period, with the rolling median and p85 of their step.

    Up to `MOST_DOTS` closings a row each, with `number`; of more none is left out, but they are
    counted by step and by how long they took, with `cases`.
    """
    rolling = ROLLING[unit_of(scope)]
    around = steps(scope, before=rolling - 1)
    start, _ = scope.period.filled()
    closed = _closed(scope, around)
    told = _rolling(closed, rolling, len(around))
    shown = closed.c.at >= start
    many = select(func.count()).select_from(closed).where(shown).scalar_subquery() > MOST_DOTS
    took = listed([span.text for span in BARS], Text(), "took")
    days = listed([step.day for step in around], Date(), "days")
    place = func.width_bucket(
        closed.c.seconds, cast([edge.total_seconds() for edge in EDGES], ARRAY(Double))
    )
    local = func.timezone(scope.view.tz, closed.c.at)
    dots = select(
        closed.c.step,
        func.to_char(local, 'YYYY-MM-DD"T"HH24:MI:SS').label("closed"),
        closed.c.number,
        closed.c.severity,
        (closed.c.seconds / course.SECONDS_PER_DAY).label("days"),
        place.label("place"),
        cast(null(), Integer).label("cases"),
    ).where(shown, ~many)
    cells = (
        select(
            closed.c.step,
            cast(null(), Text),
            cast(null(), Text),
            cast(null(), SmallInteger),
            cast(null(), Double),
            place,
            cast(func.count(), Integer),
        )
        .where(shown, many)
        .group_by(closed.c.step, place)
    )
    marks = union_all(dots, cells).subquery("marks")
    return (
        select(
            days.c.told.label("day"),
            *(marks.c[name] for name in ("closed", "number", "severity", "days")),
            took.c.told.label("took"),
            marks.c.cases,
            told.c.p50,
            told.c.p85,
        )
        .join(told, told.c.step == marks.c.step)
        .join(days, days.c.place == marks.c.step)
        .join(took, took.c.place == marks.c.place + 1)
        .order_by(marks.c.step, marks.c.closed, marks.c.number, marks.c.place)
    )


def _closed(scope: Scope, around: Sequence[Step]) -> CTE:
    """A row per closing from the first step around the period to its end."""
    board, at = scope.board, V.closed_at
    starts = cast([step.start for step in around], ARRAY(DateTime(timezone=True)))
    return (
        select(
            V.case_number.label("number"),
            V.severity,
            at.label("at"),
            course.seconds_between(V.created_date, at).label("seconds"),
            func.width_bucket(at, starts).label("step"),
        )
        .select_from(VERSIONS)
        .where(board.known, *board.conditions(scope.view.but(state="closed")))
        .where(course.last_closed(around[0].start, around[-1].end))
        .cte("closed")
    )


def _rolling(closed: CTE, rolling: int, many: int) -> CTE:
    """Median and p85 of the steps up to each: every closing counts in as many of them as roll."""
    shift = func.generate_series(0, rolling - 1).table_valued("shift").render_derived(name="shifts")
    step = closed.c.step + shift.c.shift
    days = closed.c.seconds / course.SECONDS_PER_DAY
    return (
        select(
            step.label("step"),
            func.percentile_cont(0.5).within_group(days.asc()).label("p50"),
            func.percentile_cont(0.85).within_group(days.asc()).label("p85"),
        )
        .select_from(closed.join(shift, literal(True)))
        .where(step <= many)
        .group_by(step)
        .cte("rolling")
    )


def control_rows(row: Row, scope: Scope) -> Mapping[str, View]:
    """The cases that a cell counts: closed in its step, after so long."""
    if row["cases"] is None:
        return {}
    shown = steps(scope)
    day = max(row["day"], shown[0].day)
    step = next(one for one in shown if one.day == day)
    took = narrowed(scope.view.days_to_close, [span for span in BARS if span.text == row["took"]])
    if not took:
        return {}
    start, end = step.start, step.end
    if scope.view.closed_from:
        start = max(start, scope.view.closed_from)
    if scope.view.closed_to:
        end = min(end, scope.view.closed_to)
    closed = scope.view.but(state="closed", closed_from=start, closed_to=end, days_to_close=took)
    return {"cases": closed}


def _figure(frame: pd.DataFrame, scope: Scope) -> Any:
    unit = unit_of(scope)
    return control_figure(frame, scope, BARS, f"{ROLLING[unit]} {unit}s")


def _n(frame: pd.DataFrame) -> int:
    return int(frame["cases"].fillna(1).sum())


CONTROL = Panel(
    name="control",
    title="Control chart",
    question="How long did each closed case take, and is that changing?",
    state="all",
    columns=(
        Measure("day", "In the step from"),
        Measure("closed", "Closed"),
        Measure("number", "Case"),
        Measure("severity", "Severity"),
        Measure("days", "Time to close", "days"),
        Measure("took", "Days to close"),
        Measure("cases", "Closed", "cases"),
        Measure("p50", "Rolling median", "days"),
        Measure("p85", "Rolling 85th percentile", "days"),
    ),
    select=control_select,
    figure=_figure,
    n=_n,
    rows=control_rows,
    period=True,
)
