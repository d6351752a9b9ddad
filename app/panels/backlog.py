"""How many cases are open, day by day."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode

import pandas as pd

from app.daily import daily
from app.panel import Measure, Panel, Row
from app.period import midnight
from app.scope import Scope
from app.theme import Figure
from app.versions import TICK
from app.view import View
from app.view_fields import write_instant
from app.words import MONTHS

DAILY_COLUMNS = (
    Measure("day", "Day"),
    Measure("open_cases", "Open at the end", "cases"),
    Measure("created", "Created", "cases"),
    Measure("reopened", "Reopened", "cases"),
    Measure("closed", "Closed", "cases"),
    Measure("gone", "Gone", "cases"),
    Measure("moved", "Moved in less out", "cases"),
)


def end_of_day(day: date, zone: str) -> datetime:
    """The last instant of a day in a zone, in UTC."""
    return midnight(day + timedelta(days=1), zone) - TICK


def day_end(day: date, scope: Scope) -> datetime:
    """The last instant of a day of a period."""
    return min(end_of_day(day, scope.view.tz), scope.last)


def to_days(days: Sequence[date], scope: Scope) -> list[str]:
    """What a click on each of some days adds to the address: everything is turned to its end."""
    # But for the last one or two of a period, they end with the day itself.
    last, zone, instant = scope.last, scope.view.tz, scope.instant
    told = []
    for day in days:
        end, turned = _turned_to(day, zone)
        if end > last:
            end, turned = last, _address(last)
        told.append(turned if end < instant else "as_of=")
    return told


@lru_cache(maxsize=8_192)
def _turned_to(day: date, zone: str) -> tuple[datetime, str]:
    end = end_of_day(day, zone)
    return end, _address(end)


def _address(end: datetime) -> str:
    return urlencode({"as_of": write_instant(end)})


def rows_of_day(row: Row, scope: Scope) -> dict[str, View]:
    """The cases open at the end of a day; what happened on a day is told by no View.

    Words are searched for as they are known now, so that of a search only the last day has rows.
    """
    view = scope.view.but(state="open")
    end = day_end(row["day"], scope)
    if end == scope.instant:
        return {"open_cases": view}
    return {} if view.q else {"open_cases": view.but(as_of=end)}


def day_name(day: date) -> str:
    """`4 March 2016`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def backlog_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """Open cases at the end of each day, as steps."""
    days = list(frame["day"])
    counts = [int(number) for number in frame["open_cases"]]
    before = [None, *counts][: len(counts)]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines" if len(days) > 1 else "markers",
                "name": "Open cases",
                "x": [day.isoformat() for day in days],
                "y": counts,
                "line": {"color": "$accent", "width": 2, "shape": "hv"},
                "marker": {"color": "$accent", "size": 8},
                "fill": "tozeroy",
                "fillcolor": "rgba(111,168,230,0.12)",
                "customdata": to_days(days, scope),
                "text": [
                    _told(day, count, earlier)
                    for day, count, earlier in zip(days, counts, before, strict=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        ],
        "layout": {
            "xaxis": {"type": "date", "title": {"text": f"Day ({scope.view.tz})"}},
            "yaxis": {"title": {"text": "Open cases"}, **whole_steps(max(counts, default=0))},
            "hovermode": "x",
        },
    }


def whole_steps(most: int) -> Figure:
    """An axis of a few cases counts them one by one; there is no half case."""
    return {"range": [0, 5], "dtick": 1} if most < 5 else {}


def _told(day: date, count: int, earlier: int | None) -> str:
    cases = "1 open case" if count == 1 else f"{count:,} open cases"
    if earlier is None:
        return f"{cases} on {day_name(day)}"
    if count == earlier:
        return f"{cases} on {day_name(day)},<br>as many as the day before"
    change = f"{abs(count - earlier):,} {'more' if count > earlier else 'fewer'}"
    return f"{cases} on {day_name(day)},<br>{change} than the day before"


BACKLOG = Panel(
    name="backlog",
    title="Backlog",
    question="How many cases are open, day by day?",
    state="open",
    columns=DAILY_COLUMNS,
    select=daily,
    figure=backlog_figure,
    n=lambda frame: int(frame["open_cases"].iloc[-1]) if len(frame) else 0,
    rows=rows_of_day,
    period=True,
)
