"""A short list of cases: its first rows, how many there are, and the way to all of them.

The card comes at once with its final size; its rows follow by themselves.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dash import MATCH, Input, Output, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.caselists import CASE_LISTS, CaseList, Listed, listed
from app.scope import Scope
from app.version import Version, data_version
from app.view import View
from app.view_fields import write_instant
from app.words import SEVERITY_NAMES, SLA_NAMES
from components import notices
from components.filterbar import asked
from components.finished import finished
from components.number import counted
from components.shell import case_path
from components.text import moment, time_left
from components.wholink import who_link

Row = dict[str, Any]
LABELS = {
    "number": "Case",
    "summary": "Summary",
    "account": "Account",
    "engineer": "Engineer",
    "severity": "Severity",
    "status": "Status",
    "breach": "Breach",
    "left": "SLA time left",
    "created": "Created",
    "updated": "Updated",
}
NUMBERS = ("breach", "left", "created", "updated")


def case_list_card(told: CaseList, view: View, width: str) -> Component:
    """A list about a View; `width` is a class of the page's grid."""
    return html.Section(
        [
            dcc.Store(
                id={"type": "case-list", "name": told.name},
                data={"list": told.name, "query": view.to_query()},
            ),
            html.Header(
                [
                    html.H2(told.title, title=told.question),
                    html.P(" ", className="sentence", id={"type": "list-count", "name": told.name}),
                ]
            ),
            html.Div(
                html.Div(className="skeleton list-skeleton"),
                id={"type": "list-body", "name": told.name},
                className=f"list-body rows-{told.size}",
            ),
        ],
        className=f"card panel case-list {width}",
        **{"aria-label": told.title},
    )


@callback(
    Output({"type": "list-body", "name": MATCH}, "children"),
    Output({"type": "list-count", "name": MATCH}, "children"),
    Input({"type": "case-list", "name": MATCH}, "data"),
    Input("board-version", "data"),
)
def show(told: Any, _version: Any) -> tuple[Any, Any]:
    """The rows of a list now, and how many there are."""
    case_list = CASE_LISTS.get(str(told.get("list"))) if isinstance(told, dict) else None
    view = asked(told.get("query")) if isinstance(told, dict) else None
    if case_list is None or view is None:
        return no_update, no_update
    try:
        version = data_version()
        instant = view.instant(datetime.now(UTC), version.changed_at)
        key = ("list card", case_list.name, view.to_query(), write_instant(instant), version.key)
        body, head = finished(key, lambda: _shown(case_list, view, instant, version))
    except SQLAlchemyError as error:
        return notices.panel_fault(error), no_update
    return body, head


def _shown(case_list: CaseList, view: View, instant: datetime, version: Version) -> tuple[Any, Any]:
    found = listed(case_list, Scope.of(view.only_filters(), instant, version), version)
    if not found.rows:
        return html.Div(case_list.nothing, className="panel-empty"), "0 cases"
    return _table(case_list, found, view, instant), _head(case_list, found)


def _head(case_list: CaseList, found: Listed) -> list[Any]:
    """How many cases there are, and of which kinds, each number leading to its rows."""
    told: list[Any] = [counted(found.cases, found.view), " ", _cases(found.cases)]
    for name, (number, view) in found.parts.items():
        told += [" · ", counted(number, view), f" {name}"]
    if found.view is not None and found.cases > len(found.rows):
        every = found.view.url("/cases")
        told += [
            f" · first {case_list.size}, {case_list.order} · ",
            dcc.Link("Show all", href=every),
        ]
    return told


def _cases(number: int) -> str:
    return "case" if number == 1 else "cases"


def _table(case_list: CaseList, found: Listed, view: View, instant: datetime) -> Component:
    names = case_list.columns
    zoned = {"breach", "created", "updated"}
    head = html.Tr(
        [
            html.Th(
                f"{LABELS[name]} ({view.tz})" if name in zoned else LABELS[name],
                className=_class(name),
            )
            for name in names
        ]
    )
    body = [
        html.Tr(
            [html.Td(_cell(name, row, view, instant), className=_class(name)) for name in names]
        )
        for row in found.rows
    ]
    table = html.Table([html.Thead(head), html.Tbody(body)])
    return html.Div(
        table, className="wide-table", tabIndex="0", role="region",
        **{"aria-label": case_list.title},
    )  # fmt: skip


def _class(name: str) -> str:
    return f"col-{name} number" if name in NUMBERS else f"col-{name}"


def _cell(name: str, row: Row, view: View, instant: datetime) -> Any:
    maker = _CELLS.get(name)
    return maker(row, view, instant) if maker else html.Span(row[name] or "–", dir="auto")


def _away(view: View) -> View:
    """The View for what lies beyond the list's filters: its instant and zone alone."""
    return View(as_of=view.as_of, tz=view.tz)


def _severity(row: Row, _view: View, _instant: datetime) -> Any:
    number = row["severity"]
    if number is None:
        return "–"
    return html.Span(SEVERITY_NAMES[number], className=f"severity severity-{number}")


def _summary(row: Row, _view: View, _instant: datetime) -> Any:
    words = row["summary"] or "No summary"
    return html.Span(words, dir="auto", title=words)


def _left(row: Row, view: View, instant: datetime) -> Any:
    if row["breach"] is None:
        return "–"
    at, state = moment(row["breach"], view.tz), SLA_NAMES[row["sla"]].capitalize()
    words = f"{state} since {at}" if row["sla"] == "breached" else f"{state}, breach at {at}"
    return html.Span(
        time_left(row["breach"], instant), className=f"sla sla-{row['sla']}", title=words
    )


_CELLS: dict[str, Callable[[Row, View, datetime], Any]] = {
    "number": lambda row, view, _: dcc.Link(
        row["number"], href=_away(view).url(case_path(row["number"]))
    ),
    "summary": _summary,
    "account": lambda row, view, _: who_link("account", row["account"], _away(view)),
    "engineer": lambda row, view, _: who_link("engineer", row["engineer"], _away(view)),
    "severity": _severity,
    "breach": lambda row, view, _: moment(row["breach"], view.tz),
    "left": _left,
    "created": lambda row, view, _: moment(row["created"], view.tz),
    "updated": lambda row, view, _: moment(row["updated"], view.tz),
}
