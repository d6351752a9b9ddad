"""`/weekly`: what happened between two instants, to be read, copied, printed and sent."""

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component
from orjson import Fragment

from app.period import Period
from app.place import Place
from app.report.period import DAYS
from app.report.remembered import report_of
from app.report.value import Report
from app.report.words import headline, open_cases, tables
from app.settings import get_settings
from app.version import Version
from app.view import View
from app.view_fields import write_instant
from components.filterbar import filter_bar
from components.finished import finished
from components.latest import latest_comments
from components.notices import notice
from components.number import counted
from components.periodpicker import period_picker
from components.reporttable import numbers, section
from components.sample import first_minute
from pages.page import Page

PATH = "/weekly"


def content(view: View, version: Version, period: Period) -> list[Component | Fragment]:
    """The period, the numbers, then every line."""
    if version.number == 0:
        return [first_minute()]
    instant = view.instant(datetime.now(UTC), version.changed_at)
    place = Place(PATH, period)
    shown = period.within(instant, view.tz, DAYS)
    start, end = shown.filled()
    asked = view.only_filters()
    told = finished(
        ("weekly page", asked.to_query(), write_instant(start), write_instant(end), version.key),
        lambda: _body(report_of(asked, start, end, version), asked),
    )
    query = "&".join(filter(None, (view.to_query(), Period(start, end).to_query())))
    return [
        filter_bar(view, place),
        html.Div(
            [period_picker(view, place, shown, instant), _copying(query)],
            className="reporthead",
        ),
        *told,
    ]


def _body(report: Report, view: View) -> list[Component]:
    if report.is_empty:
        told = "No case was opened, closed or changed, and nobody commented. Choose another period"
        told += ", or drop a filter." if view.only_filters().filters() else "."
        return [notice("Nothing happened", told), _standing(report)]
    return [
        html.P(headline(report).split(". ", maxsplit=1)[0] + ".", className="visually-hidden"),
        numbers(report),
        _standing(report),
        *(section(report, table) for table in tables(report) if table.rows),
        *([latest_comments(report)] if report.said else []),
    ]


def _standing(report: Report) -> Component:
    """How many cases were open at both ends."""
    before = open_cases(report, report.start_before)
    after = open_cases(report, report.last)
    return html.P(
        [
            counted(report.open_before, before),
            " open when the period began, ",
            counted(report.open_after, after),
            " when it ended. A filter chooses cases by how they stood at the end.",
        ],
        className="secondary report-standing",
    )


def _copying(query: str) -> Component:
    """Copying the report in three forms, printing it, and whether it is sent."""
    settings = get_settings()
    ways = [
        words
        for words, ready in (
            ("mail", settings.smtp_url and settings.mail_from and settings.mail_to),
            ("Slack", settings.slack_token and settings.report_channel),
        )
        if ready
    ]
    told = f"Sent by {' and '.join(ways)} on schedule" if ways else ""
    return html.Div(
        [
            *(
                html.Button(label, className="button", title=title,
                            **{"data-report-copy": kind, "data-query": query})
                for kind, label, title in (
                    ("rich", "Copy", "Copy as rich text, for mails and documents"),
                    ("markdown", "Copy Markdown", "Copy as Markdown, for issues and wikis"),
                    ("html", "Copy HTML", "Copy the source of the HTML mail"),
                )
            ),
            html.Button("Print", className="button", **{"data-print": "page"}),
            html.Span(told, className="secondary"),
        ],
        className="row copying",
    )  # fmt: skip


def sentence(view: View) -> str:
    """The cases that the report is about, open and closed."""
    return view.but(state="all").sentence()


PAGE = Page("weekly", PATH, "Weekly report", content, sentence, period=True)
