"""How did open cases run by severity, status, account, engineer, product and card status?"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Date, Integer, Select, cast, column, func, literal, select, true
from sqlalchemy import Text as TextType

from app.columns import COLUMNS
from app.database import read
from app.panel import Measure, Panel, Row
from app.panels.backlog import to_days, whole_steps
from app.panels.breakdown import short
from app.panels.daylines import HOVER, day_axis, view_at
from app.scope import Scope
from app.theme import CATEGORIES, Figure
from app.value_series import REST, value_series
from app.view import View
from app.words import SEVERITY_NAMES

# A second sign for lines that happen to share a colour.
DASHES = ("solid", "dot", "dashdot", "longdash")


def _select(field: str, scope: Scope) -> Select[Any]:
    """A row per day and line."""
    lines = value_series(scope, field, scope.ends()).subquery("lines")
    each = (
        func.unnest(lines.c.cases)
        .table_valued(column("cases", Integer), with_ordinality="number")
        .render_derived(name="each")
    )
    # The days of a period follow each other.
    day = cast(literal(scope.days()[0]), Date) + cast(each.c.number - 1, Integer)
    # Severities are numbers, all else is words.
    value = lines.c.value if field == "severity" else cast(lines.c.value, TextType)
    return (
        select(
            day.label("day"),
            lines.c.rank,
            value.label(field),
            lines.c.number.label("together"),
            each.c.cases,
        )
        .select_from(lines.join(each, true()))
        .order_by(each.c.number.desc(), lines.c.rank)
    )


def _frame(field: str, scope: Scope) -> pd.DataFrame:
    """The rows of `_select`: those of a line come as one."""
    lines, days = read(value_series(scope, field, scope.ends())), scope.days()[::-1]
    lines.columns = ["rank", field, "together", "cases"]
    rows = lines.iloc[np.tile(np.arange(len(lines)), len(days))].reset_index(drop=True)
    rows["cases"] = np.array(lines["cases"].tolist(), dtype=int).T[::-1].ravel()
    rows.insert(0, "day", np.repeat(np.array(days, dtype=object), len(lines)))
    return rows


def value_panel(field: str, title: str, question: str, missing: str) -> Panel:
    """The panel of open cases by one field day by day, newest first in its table."""
    return Panel(
        name=f"daily_{field}",
        title=title,
        question=question,
        state="open",
        columns=(
            Measure("day", "Day"),
            Measure("rank", "Rank at the end", " "),
            Measure(field, COLUMNS[field].label),
            Measure("together", "Values together", " "),
            Measure("cases", "Open", "cases"),
        ),
        select=lambda scope: _select(field, scope),
        frame=lambda scope: _frame(field, scope),
        figure=lambda frame, scope: values_figure(frame, scope, field, missing),
        n=_most,
        rows=lambda row, scope: _rows(row, scope, field),
        period=True,
    )


def _by_day(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The cases of each day, newest first, by lines: all lines go through the same days."""
    lines = frame["rank"].nunique()
    return frame["cases"].to_numpy(int).reshape(-1, lines) if lines else np.zeros((0, 0), int)


def _most(frame: pd.DataFrame) -> int:
    """How many cases were open at most at the end of a day."""
    return int(_by_day(frame).sum(axis=1).max(initial=0))


def _rows(row: Row, scope: Scope, field: str) -> Mapping[str, View]:
    """The open cases with the value at the end of the day; the rest has no one View."""
    at = view_at(row["day"], scope)
    if at is None or row["rank"] >= REST:
        return {}
    return {"cases": at.but(state="open", **{field: (_parameter(row[field], field),)})}


def _parameter(value: Any, field: str) -> int | str:
    if field == "severity":
        return 0 if pd.isna(value) else int(value)
    return "" if pd.isna(value) else str(value)


def values_figure(frame: pd.DataFrame, scope: Scope, field: str, missing: str) -> Figure:
    """A line per value, largest at the end first; its entry in the legend adds it as a filter."""
    traces: list[Figure] = []
    used: dict[str, int] = {}
    days, by_day = scope.days(), _by_day(frame)[::-1]
    x, clicks = [day.isoformat() for day in days], to_days(days, scope)
    lines = frame.head(by_day.shape[1])
    columns = (lines[name].tolist() for name in ("rank", field, "together"))
    for rank, known, together, counts in zip(*columns, by_day.T.tolist(), strict=True):
        value = _parameter(known, field)
        rest = rank >= REST
        colour = "$muted" if rest else _colour(value, field)
        dash = DASHES[used.get(colour, 0) % len(DASHES)]
        used[colour] = used.get(colour, 0) + 1
        name = f"{together} others" if rest else _name(value, field, missing)
        traces.append(_line(x, counts, name, colour, dash, clicks))
        if rest:
            # The rest together is often more than all others: it is off until asked for.
            traces[-1]["visible"] = "legendonly"
        else:
            asked = "" if field == "severity" and not value else str(value)
            traces[-1]["meta"] = {"adds": urlencode({field: asked})}
    most = int(by_day.max(initial=0))
    return {
        "data": traces,
        "layout": {
            "xaxis": day_axis(scope.days(), scope),
            "yaxis": {"title": {"text": "Open cases"}, "tickformat": ",d", **whole_steps(most)},
            "hovermode": "x unified",
            "showlegend": True,
            "legend": {"traceorder": "normal"},
        },
    }


def _line(
    x: Sequence[str],
    counts: Sequence[int],
    name: str,
    colour: str,
    dash: str,
    clicks: Sequence[str],
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines" if len(x) > 1 else "markers",
        "name": short(name),
        "x": x,
        "y": counts,
        "line": {"color": colour, "width": 2, "dash": dash, "shape": "hv"},
        "marker": {"color": colour, "size": 8},
        "customdata": clicks,
        "text": "",
        # The braces of a name must not be read as those of a template.
        "hovertemplate": f"{short(name).replace('%{', '% {')}: {HOVER}",
    }


def _colour(value: int | str, field: str) -> str:
    if field == "severity":
        return f"$severity-{value}"
    # The same value has the same colour on every page, whatever stands beside it.
    return f"$category-{zlib.crc32(str(value).encode()) % CATEGORIES}"


def _name(value: int | str, field: str, missing: str) -> str:
    if field == "severity":
        return SEVERITY_NAMES[int(value)]
    return str(value) or missing


DAILY_SEVERITY = value_panel(
    "severity", "Open by severity, day by day", "How severe was what was open?", "Not set"
)
DAILY_STATUS = value_panel(
    "status", "Open by status, day by day", "Where did the open cases stand?", "No status"
)
DAILY_ACCOUNT = value_panel(
    "account", "Open by account, day by day", "Whose cases were open?", "No account"
)
DAILY_ENGINEER = value_panel(
    "engineer", "Open by engineer, day by day", "Who had how many open cases?", "Nobody"
)
DAILY_PRODUCT = value_panel(
    "product", "Open by product, day by day", "What were open cases about?", "No product"
)
DAILY_CARD_STATUS = value_panel(
    "card_status",
    "Cards by status, day by day",
    "Where did the cards of open cases stand?",
    "No card",
)
