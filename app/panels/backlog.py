"""How many cases are open, day by day."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from app.panel import Measure, Panel
from app.selection import daily
from app.theme import Figure
from app.view import View
from app.words import MONTHS

TICK = timedelta(microseconds=1)
DAILY_COLUMNS = (
    Measure("day", "Day"),
    Measure("open_cases", "Open at the end", "cases"),
    Measure("created", "Created", "cases"),
    Measure("reopened", "Reopened", "cases"),
    Measure("closed", "Closed", "cases"),
    Measure("gone", "Gone", "cases"),
    Measure("moved", "Moved in less out", "cases"),
)


def end_of_day(day: date, view: View) -> datetime:
    """The last instant of a day in the View's zone, and never after the View's own instant."""
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(view.tz))
    last = midnight.astimezone(ZoneInfo("UTC")) - TICK
    return min(last, view.as_of) if view.as_of else last


def rows_of_day(day: date, view: View, *, newest: date) -> str:
    """The query of the cases open at the end of a day; the newest day is the View itself."""
    if day == newest:
        return view.but(state="open").to_query()
    return view.but(state="open", as_of=end_of_day(day, view)).to_query()


def day_name(day: date) -> str:
    """`4 March 2016`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def backlog_figure(frame: pd.DataFrame, view: View) -> Figure:
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
                "customdata": [rows_of_day(day, view, newest=days[-1]) for day in days],
                "text": [
                    _told(day, count, earlier)
                    for day, count, earlier in zip(days, counts, before, strict=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        ],
        "layout": {
            "xaxis": {"type": "date", "title": {"text": f"Day ({view.tz})"}},
            "yaxis": {"title": {"text": "Open cases"}, **_whole_steps(max(counts, default=0))},
            "hovermode": "x",
        },
    }


def _whole_steps(most: int) -> Figure:
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
)
