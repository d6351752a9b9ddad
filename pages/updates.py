"""`/updates`: what was said in a period about the cases that have a card."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from app.period import Period
from app.place import Place
from app.report.period import DAYS
from app.report.words import case_path, one_line
from app.updates import updates_of
from app.version import Version
from app.view import View
from components.buglist import tracker_link
from components.comments import comment_list
from components.filterbar import filter_bar
from components.notices import notice
from components.periodpicker import period_picker
from components.reporttable import severity
from components.sample import first_minute
from pages.page import Page

PATH = "/updates"
Row = Mapping[str, Any]


def content(view: View, version: Version, period: Period) -> list[Component]:
    """The period, how much was said, then the cards by account and status."""
    if version.number == 0:
        return [first_minute()]
    instant = view.instant(datetime.now(UTC), version.changed_at)
    place = Place(PATH, period)
    shown = period.within(instant, view.tz, DAYS)
    rows = updates_of(view, *shown.filled(), version)
    head = html.Div([period_picker(view, place, shown, instant)], className="reporthead")
    return [filter_bar(view, place), head, *(_told(rows, view) if rows else [_empty(view)])]


def _told(rows: Sequence[Row], view: View) -> list[Component]:
    cases, comments = int(rows[0]["cases"]), int(rows[0]["comments"])
    shown = len({row["number"] for row in rows})
    more = (
        ""
        if shown == cases
        else f" The first {shown:,} cards are shown; a filter makes them fewer."
    )
    cards = "card" if cases == 1 else "cards"
    said = "comment" if comments == 1 else "comments"
    accounts = groupby(rows, key=lambda row: row["account"])
    return [
        html.P(f"{comments:,} {said} on {cases:,} {cards}.{more}", className="secondary"),
        *(_account(account, list(group), view) for account, group in accounts),
    ]


def _account(account: str | None, rows: Sequence[Row], view: View) -> Component:
    groups: list[Component] = []
    for status, group in groupby(rows, key=lambda row: row["card_status"]):
        groups.append(html.H3(one_line(status) or "No card status", dir="auto"))
        groups += [_card(list(said), view) for _, said in groupby(group, key=lambda r: r["number"])]
    name = html.H2(one_line(account) or "No account", dir="auto")
    return html.Section([name, *groups], className="card report-section updates")


def _card(said: list[Row], view: View) -> Component:
    case = said[0]
    place = View(as_of=view.as_of, tz=view.tz)
    head = html.Div(
        [
            dcc.Link(one_line(case["number"]), href=place.url(case_path(case["number"]))),
            html.Span(tracker_link("jira", case["card"]), className="source"),
            severity(case["severity"]),
            html.Span(one_line(case["summary"]), dir="auto", className="said-summary"),
            html.Span(one_line(case["engineer"]), dir="auto", className="secondary"),
        ],
        className="said-case",
    )
    return html.Article([head, comment_list(said, view.tz)], className="update")


def _empty(view: View) -> Component:
    dropping = ", or drop a filter" if view.filters() else ""
    told = f"No card of {view.sentence()} got a comment in this period."
    return notice("Nobody commented", f"{told} Choose a longer one{dropping}.")


PAGE = Page("updates", PATH, "Updates", content, period=True)
