"""Which bug holds up most?"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from sqlalchemy import Select, and_, select

from app.bugs import counted, held, told_of, waited
from app.models import BugVersion
from app.panel import Measure, Panel, Row, total
from app.panels.breakdown import LONGEST_LABEL
from app.ranking import TRACKERS
from app.scope import Scope
from app.theme import Figure, safe
from app.view import View

BARS_SHOWN = 15


def holdup_select(scope: Scope) -> Select[Any]:
    """The bugs for which open cases have waited longest on engineering, in all."""
    links = held(scope)
    per_bug, waits = counted(links), waited(links, scope)
    same = and_(waits.c.tracker == per_bug.c.tracker, waits.c.key == per_bug.c.key)
    top = (
        select(per_bug.c.tracker, per_bug.c.key, per_bug.c.cases, waits.c.days_waited)
        .join(waits, same)
        .where(waits.c.days_waited > 0)
        .order_by(*_order(waits, per_bug))
        .limit(BARS_SHOWN)
        .subquery("top")
    )
    return (
        select(top, BugVersion.summary)
        .select_from(top.outerjoin(BugVersion, told_of(top, scope.instant)))
        .order_by(*_order(top, top))
    )


def _order(waits: Any, bugs: Any) -> list[Any]:
    return [
        waits.c.days_waited.desc(),
        bugs.c.cases.desc(),
        bugs.c.tracker.collate("C"),
        bugs.c.key.collate("C"),
    ]


def holdup_rows(row: Row, scope: Scope) -> Mapping[str, View]:
    """The open cases that wait for a bug."""
    return {"cases": scope.view.but(bug=(str(row["key"]),))}


def holdup_figure(frame: pd.DataFrame, scope: Scope) -> Figure:
    """A bar per bug, the longest wait on top; a click asks for the cases of that bug."""
    del scope
    rows = frame.iloc[::-1].to_dict("records")
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [row["days_waited"] for row in rows],
                "y": [f"{place:03d}" for place in range(len(rows))],
                "marker": {"color": "$waiting-engineering"},
                "text": [f"{row['days_waited']:,.0f} d" for row in rows],
                "textposition": "outside",
                "cliponaxis": False,
                "customdata": [urlencode({"bug": row["key"]}) for row in rows],
                "hovertext": [_told(row) for row in rows],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            "showlegend": False,
            "xaxis": {
                "title": {"text": "Days waited on engineering, all open cases together"},
                "showgrid": True,
                "rangemode": "tozero",
            },
            "yaxis": {
                "type": "category",
                "tickmode": "array",
                "tickvals": [f"{place:03d}" for place in range(len(rows))],
                "ticktext": [safe(str(row["key"])[:LONGEST_LABEL]) for row in rows],
            },
            "margin": {"r": 56},
        },
    }


def _told(row: Mapping[Any, Any]) -> str:
    cases = f"{row['cases']:,} open {'case' if row['cases'] == 1 else 'cases'}"
    tracker = TRACKERS.get(row["tracker"], row["tracker"])
    summary = "no summary known" if pd.isna(row["summary"]) else safe(str(row["summary"])[:80])
    waited_for = f"waited {row['days_waited']:,.1f} days on engineering"
    return f"{safe(str(tracker))} {safe(str(row['key']))}: {summary}<br>{cases}, {waited_for}"


HOLDS_UP = Panel(
    name="holds_up",
    title="Which bug holds up most",
    question="For which bugs have open cases waited longest on engineering?",
    state="open",
    columns=(
        Measure("key", "Bug"),
        Measure("tracker", "Tracker"),
        Measure("summary", "Summary"),
        Measure("cases", "Open cases", "cases"),
        Measure("days_waited", "Waited", "days"),
    ),
    select=holdup_select,
    figure=holdup_figure,
    n=total("cases"),
    rows=holdup_rows,
)
