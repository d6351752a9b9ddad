"""The bugs and issues behind the open cases of a View, each with how many cases wait for it."""

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.links import NO_TARGET
from app.openbugs import SHOWN, OpenBugs, cases_of, open_bugs
from app.ranking import TRACKERS
from app.scope import Scope
from app.version import data_version
from app.view import View
from components import notices
from components.buglist import tracker_link
from components.filterbar import asked
from components.finished import finished
from components.number import counted

HEADS = ("Bug", "Summary", "Status", "Target", "Open cases")


def bug_card(view: View, width: str) -> Component:
    """The card, at its size; its rows follow by themselves."""
    return html.Section(
        [
            dcc.Store(id="open-bugs", data=view.to_query()),
            html.Header(
                [
                    html.H2("Bugs and issues", title="What do the open cases wait for?"),
                    html.P("\u00a0", className="sentence", id="open-bugs-count"),
                ]
            ),
            html.Div(
                html.Div(className="skeleton list-skeleton"),
                id="open-bugs-body",
                className="list-body rows-10 scrolling",
            ),
        ],
        className=f"card panel case-list {width}",
        **{"aria-label": "Bugs and issues"},
    )


@callback(
    Output("open-bugs-body", "children"),
    Output("open-bugs-count", "children"),
    Input("open-bugs", "data"),
    Input("board-version", "data"),
)
def show(query: Any, _version: Any) -> tuple[Any, Any]:
    """The bugs now, those of most cases first."""
    view = asked(query)
    if view is None:
        return no_update, no_update
    try:
        version = data_version()
        instant = view.instant(datetime.now(UTC), version.changed_at)
        scope = Scope.of(view.only_filters(), instant, version)
        body, head = finished(
            ("bug card", *scope.key, version.key), lambda: _shown(open_bugs(scope, version), scope)
        )
    except SQLAlchemyError as error:
        return notices.panel_fault(error), no_update
    return body, head


def _shown(found: OpenBugs, scope: Scope) -> tuple[Any, Any]:
    """The body of the card, and the sentence of its head."""
    if not found.rows:
        nothing = "No bug or issue is linked to an open case."
        return html.Div(nothing, className="panel-empty"), "0 bugs"
    noun = "bug or issue" if found.bugs == 1 else "bugs and issues"
    first = f" · first {SHOWN}" if found.bugs > len(found.rows) else ""
    told = f"{found.bugs:,} {noun} behind open cases, those of most cases first{first} · "
    return _table(found, scope), [
        told,
        dcc.Link("What hangs on each", href=scope.view.url("/bugs")),
    ]


def _table(found: OpenBugs, scope: Scope) -> Component:
    head = html.Tr([html.Th(name, className=_class(name)) for name in HEADS])
    body = [
        html.Tr(
            [
                html.Td(cell, className=_class(name), dir="auto")
                for name, cell in zip(HEADS, _cells(row, scope), strict=True)
            ]
        )
        for row in found.rows
    ]
    table = html.Table([html.Thead(head), html.Tbody(body)])
    return html.Div(
        table, className="wide-table", tabIndex="0", role="region",
        **{"aria-label": "Bugs and issues"},
    )  # fmt: skip


def _class(name: str) -> str:
    return {"Bug": "col-bug", "Status": "col-status", "Target": "col-target"}.get(
        name, "number col-cases" if name == HEADS[-1] else "col-summary"
    )


def _cells(row: dict[str, Any], scope: Scope) -> list[Any]:
    tracker = html.Span(TRACKERS.get(row["tracker"], row["tracker"]), className="secondary")
    aimless = (row["target"] or "") in NO_TARGET
    words = "Restricted" if row["restricted"] else row["summary"] or "–"
    return [
        html.Span([tracker_link(row["tracker"], row["key"]), " ", tracker]),
        html.Span(words, title=words),
        row["status"] or "–",
        html.Span("no target", className="flag") if aimless else row["target"],
        counted(row["cases"], cases_of(row["key"], scope)),
    ]
