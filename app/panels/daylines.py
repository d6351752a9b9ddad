"""Lines over days: what the charts that show numbers day by day have in common."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from app.days import Told, compared, day_by_day
from app.metrics import BugCount, Count
from app.panel import BEFORE, Measure, Panel, Row
from app.panels.backlog import day_end, day_name, to_days, whole_steps
from app.scope import Scope
from app.theme import Figure
from app.view import View

FEW_DAYS = 7
# What a point says in full words; `text` adds what it was in the period compared with.
HOVER = "%{y:,d} on %{x|%-d %B %Y}%{text}<extra></extra>"


def line_panel(
    name: str,
    title: str,
    question: str,
    metrics: Sequence[Count | BugCount],
    told: Told,
    colours: Sequence[str],
    axis: str,
    hidden: Sequence[str] = (),
) -> Panel:
    """A panel with a line per metric, newest day first in its table.

    Its lines are switched by the legend; those of `hidden` metrics are off at first.
    """
    names = [metric.name for metric in metrics]
    return Panel(
        name=name,
        title=title,
        question=question,
        state="all" if any(isinstance(m, Count) and m.since for m in metrics) else "open",
        columns=(
            Measure("day", "Day"),
            *(Measure(metric.name, metric.label, metric.unit) for metric in metrics),
        ),
        select=lambda scope: day_by_day(scope, told, names, newest_first=True),
        figure=lambda frame, scope: lines_figure(frame, scope, metrics, colours, axis, hidden),
        # As many as there were at most at the end of a day.
        n=lambda frame: int(frame[names].max().max()) if len(frame) else 0,
        rows=_rows_of(metrics),
        period=True,
        compared=("day", *names),
    )


def _rows_of(metrics: Sequence[Count | BugCount]) -> Callable[[Row, Scope], Mapping[str, View]]:
    def rows(row: Row, scope: Scope) -> Mapping[str, View]:
        found: dict[str, View] = {}
        other = compared(scope)
        for asked, tail in ((scope, ""), (other, "_before")):
            if asked is None or not isinstance(row.get(f"day{tail}"), date):
                continue
            at = view_at(row[f"day{tail}"], asked)
            for metric in metrics:
                if at is not None and isinstance(metric, Count):
                    counted = metric.rows(at, at.as_of or scope.instant)
                    if counted is not None:
                        found[f"{metric.name}{tail}"] = counted
        return found

    return rows


def view_at(day: date, scope: Scope) -> View | None:
    """The View at the end of a day of a period; None where no View tells what was known then.

    Words are searched for as they are known now, so that of a search only the instant itself does.
    """
    end = day_end(day, scope)
    if end == scope.instant:
        return scope.view
    return None if scope.view.q else scope.view.but(as_of=end)


def day_axis(days: Sequence[date], scope: Scope) -> Figure:
    """The axis of some days; a few are named one by one, and a single one stands in the middle."""
    axis: Figure = {"type": "date", "title": {"text": f"Day ({scope.view.tz})"}}
    if 0 < len(days) <= FEW_DAYS:
        axis |= {"dtick": 86_400_000, "tickformat": "%-d %b %Y"}
    if len(days) == 1:
        aside = timedelta(days=1)
        axis["range"] = [(days[0] - aside).isoformat(), (days[0] + aside).isoformat()]
    return axis


def lines_figure(
    frame: pd.DataFrame,
    scope: Scope,
    metrics: Sequence[Count | BugCount],
    colours: Sequence[str],
    axis: str,
    hidden: Sequence[str] = (),
) -> Figure:
    """A line per metric, and a thin dashed one of the period compared with, on the same days."""
    frame = frame.sort_values("day")
    days = list(frame["day"])
    x, clicks = [day.isoformat() for day in days], to_days(days, scope)
    traces: list[Figure] = []
    other = compared(scope)
    for metric, colour in zip(metrics, colours, strict=True):
        counts = whole(frame[metric.name])
        before = whole(frame[f"{metric.name}_before"]) if other else None
        then = list(frame["day_before"]) if other else []
        if before:
            dashed = _dashed(metric, days, before, colour, scope)
            traces.append({**dashed, "visible": "legendonly" if metric.name in hidden else True})
        traces.append(
            {
                "type": "scatter",
                "mode": "lines" if len(days) > 1 else "markers",
                "name": metric.label,
                "legendgroup": metric.name,
                "visible": "legendonly" if metric.name in hidden else True,
                "x": x,
                "y": counts,
                "line": {"color": colour, "width": 2, "shape": "hv"},
                "marker": {"color": colour, "size": 8},
                "customdata": clicks,
                "text": _words_before(before, then),
                "hovertemplate": f"{metric.label}: {HOVER}",
            }
        )
    most = max((count or 0 for trace in traces for count in trace["y"]), default=0)
    return {
        "data": traces,
        "layout": {
            "xaxis": day_axis(days, scope),
            "yaxis": {"title": {"text": axis}, "tickformat": ",d", **whole_steps(most)},
            "hovermode": "x unified",
            "showlegend": True,
            # New data leave lines that were switched off as they are.
            "uirevision": "lines",
        },
    }


def _dashed(
    metric: Count | BugCount,
    days: Sequence[date],
    counts: Sequence[int | None],
    colour: str,
    scope: Scope,
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines" if len(days) > 1 else "markers",
        "name": f"{metric.label}, {BEFORE[scope.period.compare]}",
        "legendgroup": metric.name,
        "showlegend": False,
        "x": [day.isoformat() for day in days],
        "y": counts,
        "line": {"color": colour, "width": 1, "dash": "dash", "shape": "hv"},
        "marker": {"color": colour, "size": 8, "symbol": "circle-open"},
        # What it was then is told beside what it is.
        "hoverinfo": "skip",
    }


def whole(column: "pd.Series[Any]") -> list[int | None]:
    """A column of counts as whole numbers; None for what is missing."""
    if column.dtype.kind == "i":
        known: list[int | None] = column.tolist()
        return known
    return [None if pd.isna(value) else int(value) for value in column]


def _words_before(before: Sequence[int | None] | None, then: Sequence[Any]) -> str | list[str]:
    if before is None:
        return ""
    return [
        "" if count is None else f", {count:,} on {day_name(day)}"
        for count, day in zip(before, then, strict=True)
    ]
