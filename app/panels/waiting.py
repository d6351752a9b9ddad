"""Who was waited on, in days of cases."""

from typing import Any

import pandas as pd
from sqlalchemy import Select, cast, func, literal, select, union_all
from sqlalchemy.types import Float

from app import course, search
from app.panel import Measure, Panel
from app.rows import records
from app.scope import Scope
from app.theme import Figure
from app.versions import V
from app.words import SEVERITY_NAMES, WAITING_NAMES

PARTIES = ("us", "customer", "engineering", "vendor", "unknown")


def waiting_select(scope: Scope) -> Select[Any]:
    """Per severity the days that cases were open in the period, by who was waited on.

    A row per severity that cases had, each stretch under the severity and the filters as they then
    were; the parts add up to `total`, the whole open time of the cases within the period.
    """
    board = scope.board
    start, end = (literal(moment, V.valid_from.type) for moment in scope.period.filled())
    lasted = union_all(
        *(
            select(
                V.severity,
                V.waiting_on,
                course.seconds_between(func.greatest(began, start), func.least(ended, end)).label(
                    "seconds"
                ),
            ).where(
                V.is_open,
                V.valid_to > start,
                V.valid_from < end,
                func.greatest(began, start) < func.least(ended, end),
                *board.lasting_filters(scope.view),
                *search.found_since(scope.view.q, scope.period.filled()[0]),
            )
            for began, ended in board.open_spans(scope.view)
        )
    ).subquery("lasted")
    days = func.sum(lasted.c.seconds) / course.SECONDS_PER_DAY
    named = [party for party in PARTIES if party != "unknown"]

    def part(party: str) -> Any:
        known = lasted.c.waiting_on.in_(named)
        mine = ~known if party == "unknown" else lasted.c.waiting_on == party
        share = func.sum(lasted.c.seconds).filter(mine) / course.SECONDS_PER_DAY
        return func.coalesce(cast(share, Float), 0.0).label(party)

    return (
        select(lasted.c.severity, *map(part, PARTIES), cast(days, Float).label("total"))
        .group_by(lasted.c.severity)
        .order_by(lasted.c.severity.asc().nulls_last())
    )


def waiting_figure(frame: pd.DataFrame, _scope: Scope) -> Figure:
    """A bar per severity, Urgent on top, divided by who was waited on."""
    rows = records(frame)[::-1]
    names = [SEVERITY_NAMES[int(row["severity"] or 0)] for row in rows]
    return {
        "data": [_part(party, rows, names) for party in PARTIES],
        "layout": {
            "barmode": "stack",
            "xaxis": {
                "title": {"text": "Share of the open days"},
                "range": [0, 100],
                "ticksuffix": " %",
                "dtick": 25,
                "showgrid": True,
            },
            "yaxis": {"type": "category", "title": {"text": ""}},
            "legend": {"traceorder": "normal"},
            "hovermode": "closest",
        },
    }


def _part(party: str, rows: list[dict[str, Any]], names: list[str]) -> Figure:
    words = WAITING_NAMES[party]
    shares = [100 * row[party] / row["total"] if row["total"] else 0 for row in rows]
    return {
        "type": "bar",
        "orientation": "h",
        "name": words.capitalize(),
        "y": names,
        "x": shares,
        "marker": {"color": f"$waiting-{party}"},
        "meta": {"adds": f"waiting_on={party}"},
        "customdata": [
            f"severity={int(row['severity'] or 0) or ''}&waiting_on={party}" for row in rows
        ],
        "text": [f"{share:.0f} %" if share >= 6 else "" for share in shares],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "insidetextfont": {"color": "$card"},
        "hovertext": [
            f"{name}: {share:.1f} % of {row['total']:,.0f} open days waiting on {words}<br>"
            f"({row[party]:,.1f} days)"
            for name, row, share in zip(names, rows, shares, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _days(frame: pd.DataFrame) -> int:
    return round(frame["total"].sum())


WAITING = Panel(
    name="waiting",
    title="Who was waited on",
    question="Who was waited on while cases were open in the period, and for how many days?",
    state="all",
    columns=(
        Measure("severity", "Severity"),
        *(Measure(party, WAITING_NAMES[party].capitalize(), "days") for party in PARTIES),
        Measure("total", "All", "days"),
    ),
    select=waiting_select,
    figure=waiting_figure,
    n=_days,
    counted="open days of cases",
    period=True,
)
