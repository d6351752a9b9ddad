"""`/cases/<number>`: a case told whole."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app import sla
from app.auth import audit
from app.clock import stretches, versions_of
from app.columns import COLUMNS, Column
from app.database import plain, snapshot
from app.hanging import bugs_of
from app.neighbours import neighbours
from app.story import story, told_by_kind
from app.timeline import exists, facts
from app.version import Version, data_version
from app.view import View
from app.words import SEVERITY_NAMES, WAITING_NAMES, day_words
from components.buglist import bug_table, tracker_link
from components.comments import told_text
from components.filterbar import asked
from components.notices import notice
from components.shell import case_path
from components.slaclock import clock_card, waiting_card
from components.text import moment
from components.timeline import kind_chips, timeline_list
from components.wholink import who_link
from pages.page import Page

EVENTS_SHOWN = 200
MOST_EVENTS = 5_000

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
    """Everything that is known of one case at the View's instant."""
    instant = view.instant(datetime.now(UTC), version.changed_at)
    with snapshot() as connection:
        found = plain(connection, facts(number, instant))
        if not found:
            known = bool(plain(connection, exists(number)))
            return [_unknown(number, instant, view, known=known)]
        bugs = plain(connection, bugs_of(number, instant))
        # A case goes by the policy of its closing, or of the instant while it is open.
        policy = sla.at(found[0]["closed"] or instant)
        versions = plain(connection, versions_of(number, instant, policy.policy))
        events = plain(connection, story(number, instant, EVENTS_SHOWN))
        kinds = plain(connection, told_by_kind(number, instant))
    audit.record("case_view", outcome="done", target=number)
    [case] = found
    parts = stretches(versions, instant)
    return [
        _way(view, neighbours(view, instant, version, number)),
        html.Div(
            [
                html.Div(
                    [
                        _facts(case, view),
                        clock_card(case, parts, policy, view.tz),
                        waiting_card(parts, view.tz),
                    ],
                    className="column",
                ),
                html.Div(
                    [
                        _summary(case),
                        _bugs(bugs, case, view),
                        _history(number, events, _counted(kinds), view, instant),
                    ],
                    className="column grow",
                ),
            ],
            className="case",
        ),
    ]


def _way(view: View, beside: tuple[str | None, str | None]) -> Component:
    """Back to the table, and to the cases before and after this one in it."""
    before, after = beside
    ways: list[Component] = [dcc.Link("← Back to the cases", href=view.url("/cases"))]
    for number, words, name in ((before, "Previous", "previous"), (after, "Next", "next")):
        if number is not None:
            href = view.url(case_path(number))
            ways.append(dcc.Link(f"{words} {number}", href=href, className=f"button {name}"))
    return html.Nav(ways, className="way", **{"aria-label": "Cases of this view"})


def sentence(view: View) -> str:
    """At what instant the case is told."""
    return "as it is now" if view.as_of is None else f"as known on {day_words(view.as_of, view.tz)}"


def _summary(case: dict[str, Any]) -> Component:
    told = [html.H2(case["summary"] or "No summary", dir="auto")]
    if case["description"]:
        told.append(told_text(case["description"]))
    return html.Section(told, className="card")


def _facts(case: dict[str, Any], view: View) -> Component:
    rows = []
    for name in FACTS:
        value = case[name]
        if value is None or value == []:
            continue
        rows += [
            html.Dt(COLUMNS[name].label),
            html.Dd(_fact(name, value, case, view), dir="auto"),
        ]
    return html.Section([html.H2("Facts"), html.Dl(rows, className="facts")], className="card")


def _fact(name: str, value: Any, case: dict[str, Any], view: View) -> str | Component:
    away = View(as_of=view.as_of, tz=view.tz)
    match name:
        case "severity":
            number = int(value)
            return html.Span(SEVERITY_NAMES[number], className=f"severity severity-{number}")
        case "account" | "engineer":
            return who_link(name, value, away)
        case "waiting_on":
            return WAITING_NAMES.get(value, value)
        case "card":
            return tracker_link("jira", value)
        case "escalated":
            return _outside(str(value), case["escalation_link"])
    return _plain(COLUMNS[name], value, view.tz)


def _outside(words: str, address: str | None) -> str | Component:
    """Words that lead out of Caseboard, where there is a web address to lead to."""
    if not address or not address.lower().startswith(("http://", "https://")):
        return words
    return html.A(words, href=address, target="_blank", rel="noopener noreferrer")


def _plain(column: Column, value: Any, zone: str) -> str:
    if column.kind == "instant":
        return moment(value, zone)
    if column.kind == "flag":
        return "yes" if value else "no"
    if column.kind == "list":
        return ", ".join(value)
    return f"{int(value):,} d" if column.unit else str(value)


def _bugs(bugs: list[dict[str, Any]], case: dict[str, Any], view: View) -> Component:
    return html.Section(
        [html.H2("Bugs and issues"), bug_table(bugs, case["severity"], view.tz)], className="card"
    )


def _counted(kinds: list[dict[str, Any]]) -> dict[str, int]:
    return {row["kind"]: row["events"] for row in kinds}


def _history(
    number: str,
    events: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, int],
    view: View,
    instant: datetime,
) -> Component:
    whole = sum(kinds.values())
    head = f"{whole:,} events, newest first, times in {view.tz}"
    rest = whole - len(events)
    more = (
        [html.Button(f"Show all {whole:,}", id="story-all", className="button", n_clicks=0)]
        if rest > 0
        else []
    )
    return html.Section(
        [
            html.H2("Story"),
            html.P(head, className="secondary"),
            dcc.Store(id="story-of", data=number),
            kind_chips(kinds),
            html.Div(timeline_list(events, view.tz, instant), id="story"),
            html.Div(more, id="story-more"),
        ],
        className="card",
    )


@callback(
    Output("story", "children"),
    Output("story-more", "children"),
    Input("story-all", "n_clicks"),
    State("story-of", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def show_all(clicks: Any, number: Any, query: Any) -> Any:
    """The whole story."""
    view = asked(query)
    # Dash calls this also when the page brings the button: nobody has clicked then.
    if not clicks or view is None or not isinstance(number, str) or "\x00" in number:
        return no_update, no_update
    audit.record("case_view", outcome="done", target=number[:100])
    instant = view.instant(datetime.now(UTC), data_version().changed_at)
    with snapshot() as connection:
        events = plain(connection, story(number[:100], instant, MOST_EVENTS))
    return timeline_list(events, view.tz, instant), []


def _unknown(number: str, instant: datetime, view: View, *, known: bool) -> Component:
    back = html.P(dcc.Link("Go to the cases", href=view.url("/cases")))
    if known:
        when = day_words(instant, view.tz)
        now = html.P(dcc.Link("See it as it is now", href=View(tz=view.tz).url(f"/cases/{number}")))
        return notice("Not yet", f"Case {number} did not exist on {when}.", now, back)
    return notice(
        "There is no such case", f"No case has the number {number[:100]}.", back, kind="fault"
    )


PAGE = Page("case", "/cases/<number>", "Case", content, sentence, heading=lambda number: number)
