"""Do cases arrive faster than they leave?"""

from datetime import date

import pandas as pd

from app.daily import daily
from app.panel import Panel
from app.panels.backlog import DAILY_COLUMNS, day_name
from app.scope import Scope
from app.theme import Figure

LONGEST_DAILY = 92


def arrivals_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """Cases that came and went, up and down, by day or (over a quarter) by week from Monday."""
    by_week = len(frame) > LONGEST_DAILY
    shown = pd.DataFrame(
        {
            "start": pd.to_datetime(frame["day"]),
            "arrived": frame["created"] + frame["reopened"],
            "left": frame["closed"] + frame["gone"],
        }
    )
    if by_week:
        monday = shown["start"] - pd.to_timedelta(shown["start"].dt.weekday, unit="D")
        shown = shown.assign(start=monday).groupby("start", as_index=False).sum()
    starts = [moment.date() for moment in shown["start"]]
    arrived = [int(number) for number in shown["arrived"]]
    left = [int(number) for number in shown["left"]]
    return {
        "data": [
            _bars("Opened or reopened", "$opened", starts, arrived, arrived, by_week),
            _bars("Closed or gone", "$closed", starts, [-count for count in left], left, by_week),
        ],
        "layout": {
            "barmode": "relative",
            "xaxis": {
                "type": "date",
                "title": {"text": f"{'Week from Monday' if by_week else 'Day'} ({scope.view.tz})"},
            },
            "yaxis": {"title": {"text": "Cases in, and out (below)"}, "tickformat": ",d"},
            "hovermode": "x unified",
        },
    }


def _bars(
    name: str, colour: str, starts: list[date], heights: list[int], counts: list[int], by_week: bool
) -> Figure:
    span = "in the week from" if by_week else "on"
    return {
        "type": "bar",
        "name": name,
        "x": [start.isoformat() for start in starts],
        "y": heights,
        "marker": {"color": colour},
        "text": [
            f"{count:,} {name.lower()} {span} {day_name(start)}"
            for start, count in zip(starts, counts, strict=True)
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


ARRIVALS = Panel(
    name="arrivals",
    title="Arrivals and departures",
    question="Do cases arrive faster than they leave?",
    state="all",
    columns=DAILY_COLUMNS,
    select=daily,
    figure=arrivals_figure,
    n=lambda frame: int(frame["created"].sum() + frame["reopened"].sum()),
    period=True,
)
