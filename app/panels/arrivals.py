"""Do cases arrive faster than they leave?"""

from datetime import date, timedelta

import pandas as pd

from app.daily import daily
from app.panel import Panel
from app.panels.backlog import DAILY_COLUMNS, day_name
from app.period import midnight
from app.scope import Scope
from app.theme import Figure

LONGEST_DAILY = 92
# An axis of so few cases counts them one by one.
FEW = 5


def arrivals_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """Cases that came and went, up and down, by day or (over a quarter) by week from Monday."""
    by_week = len(frame) > LONGEST_DAILY
    span = 7 if by_week else 1
    # The days of a period follow each other.
    first = scope.days()[0]
    before = first.weekday() if by_week else 0
    moves = [
        (frame[one].to_numpy() + frame[other].to_numpy()).tolist()
        for one, other in (("created", "reopened"), ("closed", "gone"))
    ]
    sums = {
        first + timedelta(days=place): [sum(move[max(0, place) : place + span]) for move in moves]
        for place in range(-before, len(frame), span)
    }
    cuts = {start: _cut(start, span, scope) for start in sums}
    # The legend is drawn like the first bar, which therefore shall be a whole one.
    starts = sorted(sums, key=lambda start: (cuts[start] != "", start))
    cut = [cuts[start] for start in starts]
    arrived, left = ([sums[start][side] for start in starts] for side in (0, 1))
    return {
        "data": [
            _bars("Opened or reopened", "$opened", starts, arrived, 1, by_week, cut),
            _bars("Closed or gone", "$closed", starts, left, -1, by_week, cut),
        ],
        "layout": {
            "barmode": "relative",
            "xaxis": {
                "type": "date",
                "title": {"text": f"{'Week from Monday' if by_week else 'Day'} ({scope.view.tz})"},
            },
            "yaxis": {
                "title": {"text": "Cases in, and out (below)"},
                "tickformat": ",d",
                **({"dtick": 1} if max([*arrived, *left], default=0) < FEW else {}),
            },
            "hovermode": "x unified",
        },
    }


def _cut(start: date, days: int, scope: Scope) -> str:
    """In words where the period holds only a part of a day or week; empty where it holds it all."""
    first, last = scope.period.filled()
    if midnight(start + timedelta(days=days), scope.view.tz) > last:
        return "until then only" if scope.view.as_of else "so far"
    return "not all of it shown" if midnight(start, scope.view.tz) < first else ""


def _bars(
    name: str,
    colour: str,
    starts: list[date],
    counts: list[int],
    sign: int,
    by_week: bool,
    cut: list[str],
) -> Figure:
    span = "in the week from" if by_week else "on"
    return {
        "type": "bar",
        "name": name,
        "x": [start.isoformat() for start in starts],
        "y": [sign * count for count in counts],
        "marker": {
            "color": colour,
            # What is not complete is hatched, so that nobody takes it for a fall.
            "pattern": {"shape": ["/" if part else "" for part in cut], "fillmode": "replace"},
        },
        "text": [
            f"{count:,} {name.lower()} {span} {day_name(start)}{f' ({part})' if part else ''}"
            for start, count, part in zip(starts, counts, cut, strict=True)
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
    n=lambda frame: int(frame["created"].to_numpy().sum() + frame["reopened"].to_numpy().sum()),
    period=True,
)
