"""What did the system before this one count, as it counted?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from app.old_statistics import NUMBERS, SHOWN, OldNumber, counted
from app.panel import Measure, Panel
from app.panels.backlog import whole_steps
from app.panels.daylines import whole
from app.scope import Scope
from app.theme import Figure, safe

DASHES = ("dot", "dash", "longdash")
NO_FILTERS = "The old system counted the whole board only: take the filters away to see it."


def old_figure(frame: pd.DataFrame, _scope: Scope) -> Figure:
    """A dotted line per number and origin; days on which nothing was counted are gaps.

    The table has the numbers that would be too many lines.
    """
    by_origin = list(frame.sort_values("day").groupby("origin"))
    traces = [
        _line(one, rows, str(origin), dash, several=len(by_origin) > 1)
        for (origin, rows), dash in zip(by_origin, DASHES * len(by_origin), strict=False)
        for one in SHOWN
        if rows[one.name].notna().any()
    ]
    most = max((count or 0 for trace in traces for count in trace["y"]), default=0)
    return {
        "data": traces,
        "layout": {
            "xaxis": {"type": "date", "title": {"text": "Day (UTC)"}},
            "yaxis": {
                "title": {"text": "As the old system counted"},
                "tickformat": ",d",
                **whole_steps(most),
            },
            "hovermode": "x unified",
            "showlegend": True,
            "uirevision": "lines",
        },
    }


def _line(
    one: OldNumber, rows: pd.DataFrame, origin: str, dash: str, *, several: bool
) -> Mapping[str, Any] | Figure:
    # Days without a row must not be joined by a line that nobody counted.
    daily = rows.set_index(pd.to_datetime(rows["day"]))[one.name].asfreq("D")
    name = f"{one.label} ({safe(origin)})" if several else one.label
    alone = daily.notna().sum() == 1
    return {
        "type": "scatter",
        "mode": "markers" if alone else "lines",
        "name": name,
        "x": [moment.date().isoformat() for moment in daily.index],
        "y": whole(daily),
        "connectgaps": False,
        "line": {"color": one.colour, "width": 2, "dash": dash},
        "marker": {"color": one.colour, "size": 8},
        "hovertemplate": f"{name}: %{{y:,d}} {one.unit}, counted by {safe(origin)} on "
        "%{x|%-d %B %Y}<extra></extra>",
    }


OLD_STATISTICS = Panel(
    name="old_statistics",
    title="As the old system counted, day by day",
    question="What did the system before this one count on each day? Its rules were others (cards "
    "and cases together, days in UTC), so nothing of ours is compared with it.",
    state="open",
    columns=(
        Measure("day", "Day (UTC)"),
        Measure("origin", "Counted by"),
        *(Measure(one.name, one.label, one.unit) for one in NUMBERS),
    ),
    select=counted,
    figure=old_figure,
    n=lambda frame: int(frame["day"].nunique()),
    period=True,
    counted="days",
    empty=NO_FILTERS,
)
