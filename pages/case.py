"""`/cases/<number>`: a case told whole."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from app.columns import COLUMNS, Column
from app.database import read, records, snapshot
from app.timeline import exists, facts, timeline
from app.version import Version
from app.view import View
from app.words import SEVERITY_NAMES, SLA_NAMES, WAITING_NAMES, day_words
from components.notices import notice
from components.text import days, moment
from components.timeline import timeline_list
from pages.page import Page

FACTS = (
    "status",
    "severity",
    "account",
    "product",
    "product_version",
    "engineer",
    "owner",
    "group",
    "waiting_on",
    "created",
    "updated",
    "relief",
    "resolved",
    "closed",
    "age_days",
    "age_in_status_days",
    "card",
    "card_status",
    "escalated",
    "crit_sit",
    "bugs",
    "tags",
    "labels",
)


def content(view: View, version: Version, number: str) -> list[Component]:
    """Facts, SLA clock and history of one case at the View's instant."""
    instant = view.instant(datetime.now(UTC), version.changed_at)
    with snapshot() as connection:
        found = read(facts(number, instant), connection=connection)
        if found.empty:
            known = not read(exists(number), connection=connection).empty
            return [_unknown(number, instant, view, known=known)]
        changes = read(timeline(number, instant), connection=connection)
    [case] = records(found)
    return [
        html.P(dcc.Link("← Back to the cases", href=view.url("/cases"))),
        html.Div(
            [
                html.Div([_facts(case, view), _clock(case)], className="column"),
                html.Div([_summary(case), _history(changes, view)], className="column grow"),
            ],
            className="case",
        ),
    ]


def sentence(view: View) -> str:
    """At what instant the case is told."""
    return "as it is now" if view.as_of is None else f"as known on {day_words(view.as_of, view.tz)}"


def _summary(case: dict[str, Any]) -> Component:
    told = [html.H2(case["summary"] or "No summary", dir="auto")]
    if case["description"]:
        told.append(html.P(case["description"], className="description", dir="auto"))
    return html.Section(told, className="card")


def _facts(case: dict[str, Any], view: View) -> Component:
    rows = []
    for name in FACTS:
        value = case[name]
        if value is None or value == []:
            continue
        rows += [
            html.Dt(COLUMNS[name].label),
            html.Dd(_fact(name, value, view), dir="auto"),
        ]
    return html.Section([html.H2("Facts"), html.Dl(rows, className="facts")], className="card")


def _fact(name: str, value: Any, view: View) -> str | Component:
    everything = View(state="all", as_of=view.as_of, tz=view.tz)
    match name:
        case "severity":
            number = int(value)
            return html.Span(SEVERITY_NAMES[number], className=f"severity severity-{number}")
        case "account" | "engineer":
            return dcc.Link(value, href=everything.but(**{name: (value,)}).url("/cases"))
        case "waiting_on":
            return WAITING_NAMES.get(value, value)
    return _plain(COLUMNS[name], value, view.tz)


def _plain(column: Column, value: Any, zone: str) -> str:
    if column.kind == "instant":
        return moment(value, zone)
    if column.kind == "flag":
        return "yes" if value else "no"
    if column.kind == "list":
        return ", ".join(value)
    return f"{int(value):,} d" if column.unit else str(value)


def _clock(case: dict[str, Any]) -> Component:
    """The SLA clock, with how it was computed."""
    if case["sla"] is None:
        told = [html.P("Without a severity there is no target.")]
    else:
        share = case["elapsed_days"] / case["target_days"]
        end = "now" if case["is_open"] else "it was closed"
        told = [
            html.P(
                [
                    html.Strong(SLA_NAMES[case["sla"]].capitalize()),
                    f": {days(case['elapsed_days'])} of {case['target_days']:g} d ({share:.0%})",
                ],
                className=f"sla sla-{case['sla']}",
            ),
            html.Progress(value=str(min(share, 1.0)), max="1"),
            html.P(
                f"Counted from its creation until {end}; the target of severity "
                f"{int(case['severity'])} is {case['target_days']:g} days. "
                "At risk above half of it.",
                className="secondary",
            ),
        ]
    return html.Section([html.H2("SLA clock"), *told], className="card")


def _history(changes: pd.DataFrame, view: View) -> Component:
    head = f"{len(changes):,} changes, newest first, times in {view.tz}"
    return html.Section(
        [
            html.H2("History"),
            html.P(head, className="secondary"),
            timeline_list(changes, view.tz),
        ],
        className="card",
    )


def _unknown(number: str, instant: datetime, view: View, *, known: bool) -> Component:
    back = html.P(dcc.Link("Go to the cases", href=view.url("/cases")))
    if known:
        when = day_words(instant, view.tz)
        now = html.P(dcc.Link("See it as it is now", href=View(tz=view.tz).url(f"/cases/{number}")))
        return notice("Not yet", f"Case {number} did not exist on {when}.", now, back)
    return notice(
        "There is no such case", f"No case has the number {number[:100]}.", back, kind="fault"
    )


PAGE = Page("case", "/cases/<number>", "Case", content, sentence)
