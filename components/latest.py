"""What was said, by account and status: of the weekly report, and of the updates."""

from collections.abc import Iterable

from dash import dcc, html
from dash.development.base_component import Component

from app.report.value import Report, Said
from app.report.words import by_account, case_path, moment, one_line
from app.view import View
from components.comments import SOURCES, told_text
from components.reporttable import severity

MOST_CASES = 100


def latest_comments(report: Report) -> Component:
    """The latest comment of the period on each case, by account and status."""
    zone = View.from_query(report.query).tz
    number, left = len(report.said), max(0, len(report.said) - MOST_CASES)
    parts: list[Component] = []
    room = MOST_CASES
    for account, statuses in by_account(report):
        if room <= 0:
            break
        groups: list[Component] = []
        for status, said in statuses:
            shown, room = said[: max(0, room)], room - len(said)
            if shown:
                groups += [html.H4(status, dir="auto"), _list(shown, zone)]
        parts.append(html.Section([html.H3(account, dir="auto"), *groups], className="account"))
    more = [html.P(f"{left:,} more cases are left out here; a filter makes them fewer.")]
    return html.Section(
        [
            html.H2([f"Latest comments {number:,}"]),
            html.P("Cases that were commented on in the period, with the last word",
                   className="secondary"),
            *parts,
            *(more if left else []),
        ],
        className="card report-section",
        id="report-said",
    )  # fmt: skip


def _list(said: Iterable[Said], zone: str) -> Component:
    return html.Ul([_entry(one, zone) for one in said], className="said")


def _entry(said: Said, zone: str) -> Component:
    case = said.case
    more = f"{said.comments:,} comments in the period" if said.comments > 1 else ""
    text = said.text if said.length <= len(said.text) else f"{said.text} …"
    return html.Li(
        [
            html.Div(
                [
                    dcc.Link(one_line(case.number), href=case_path(case.number)),
                    severity(case.severity),
                    html.Span(one_line(case.summary), dir="auto", className="said-summary"),
                ],
                className="said-case",
            ),
            html.Div(
                [
                    html.Strong(one_line(said.author) or "unknown", dir="auto"),
                    html.Span(SOURCES[said.source], className="source"),
                    html.Time(moment(said.at, zone), dateTime=said.at.isoformat()),
                    html.Span(more, className="secondary"),
                ],
                className="comment-head",
            ),
            told_text(text),
        ]
    )
