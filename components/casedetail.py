"""The detail of a row of the case table: its group, bugs and issues, and its comments."""

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.auth import audit
from app.database import plain, snapshot
from app.hanging import bugs_of, comments_of
from app.timeline import facts
from app.version import data_version
from app.view import View
from components import notices
from components.buglist import bug_table
from components.comments import comment_list
from components.filterbar import asked
from components.shell import case_path

COMMENTS_SHOWN = 20


def detail_panel() -> Component:
    """The panel beside the grid, hidden until a row's detail is asked for."""
    return html.Aside(
        [
            dcc.Store(id="detail-asked"),
            html.Button(
                "×",
                id="detail-close",
                className="quiet round",
                **{"aria-label": "Close the detail"},
            ),
            html.Div(id="detail-body"),
        ],
        id="detail",
        className="detail card",
        hidden=True,
        **{"aria-label": "Detail of the row"},
    )


@callback(
    Output("detail-body", "children"),
    Input("detail-asked", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def tell_detail(number: Any, query: Any) -> Any:
    """What hangs on a case at the View's instant."""
    view = asked(query)
    if view is None or not isinstance(number, str) or not number or "\x00" in number:
        return no_update
    try:
        return _detail(number[:100], view)
    except SQLAlchemyError:
        return [notices.database_away()]


def _detail(number: str, view: View) -> list[Component]:
    instant = view.instant(datetime.now(UTC), data_version().changed_at)
    with snapshot() as connection:
        found = plain(connection, facts(number, instant))
        if not found:
            return [html.P(f"Case {number} is not known at this instant.")]
        bugs = plain(connection, bugs_of(number, instant))
        comments = plain(connection, comments_of(number, instant).limit(COMMENTS_SHOWN + 1))
    audit.record("case_view", outcome="done", target=number)
    [case] = found
    place = view.url(case_path(number))
    more = [html.P(dcc.Link("All comments and the whole history", href=place))]
    return [
        html.H2([dcc.Link(number, href=place), " ", html.Span(case["summary"] or "", dir="auto")]),
        html.P(
            [html.Span("Group ", className="field"), case["group"] or "none"],
            className="secondary",
            dir="auto",
        ),
        html.H3("Bugs and issues"),
        bug_table(bugs, case["severity"], view.tz, brief=True),
        html.H3("Comments"),
        comment_list(comments[:COMMENTS_SHOWN], view.tz),
        *(more if len(comments) > COMMENTS_SHOWN else []),
    ]
