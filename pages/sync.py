"""`/sync`: how fresh the data are, what ran, what was not understood, and refreshing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dash
from dash import ALL, Input, Output, State, callback, html, no_update
from dash.development.base_component import Component
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app import queue
from app.auth import audit
from app.database import snapshot
from app.rows import records
from app.syncs import (
    connected,
    reconciled,
    rejected,
    rejects,
    runs,
    syncs,
    under_way,
    unknown_statuses,
    workers_alive,
)
from app.version import Version
from app.view import View
from components.filterbar import asked
from components.freshness import WORDS
from components.notices import notice
from components.outboxtable import held_alarm, outbox_cards
from components.synctables import (
    latest_runs,
    reconciliation,
    rejected_records,
    schedule,
)
from components.text import moment
from pages.page import Page

RUNS_SHOWN, REJECTS_SHOWN = 50, 100


def content(view: View, version: Version) -> list[Component]:
    """What the pulse keeps up to date, and the tables."""
    del version
    return [
        html.Div(_live(view.tz), id="sync-live"),
        html.P("", id="sync-told", role="status", className="secondary"),
    ]


def _live(zone: str) -> list[Component]:
    with snapshot() as connection:
        found = syncs(connection)
        alive, last = workers_alive(connection)
        refused = rejects(REJECTS_SHOWN, connection=connection)
        return [
            *_alarms(found, alive=alive, last=last, zone=zone),
            *held_alarm(connection),
            *_unknown(connection),
            schedule(found, zone),
            *outbox_cards(connection, zone),
            reconciliation(reconciled(connection), zone),
            rejected_records(refused, rejected(connection), zone),
            latest_runs(runs(RUNS_SHOWN, connection=connection), zone),
        ]


def _alarms(
    found: Sequence[dict[str, Any]], *, alive: bool, last: datetime | None, zone: str
) -> list[Component]:
    """What an operator must know, with what to do."""
    told = []
    if not connected():
        told.append(
            notice(
                "No source is connected",
                "Set CASEBOARD_PORTAL_URL, CASEBOARD_JIRA_URL or CASEBOARD_BUGZILLA_URL and what "
                "belongs to them; docs/sources.md tells how. Event logs can be imported meanwhile.",
            )
        )
    if not alive:
        since = f"The last sign of one was at {moment(last, zone)}." if last else ""
        told.append(
            notice(
                "No worker is at work",
                f"Nothing is read from the sources. {since} Start caseboard worker and beat.",
                kind="fault",
            )
        )
    for row in found:
        if row["standing"] in {"failed", "lost", "held"}:
            more = (
                [html.P(f"It is tried again at {moment(row['retry_at'], zone)}.")]
                if row["retry_at"]
                else []
            )
            told.append(
                notice(
                    f"{row['name']}: {WORDS[row['standing']]}",
                    row["error"] or "",
                    *more,
                    kind="fault",
                )
            )
        elif row["standing"] == "late":
            told.append(
                notice(
                    f"{row['name']}: late",
                    f"Its data are of {moment(row['good_at'], zone)}, older than they should be.",
                )
            )
    return told


def _unknown(connection: Connection) -> list[Component]:
    """Statuses that the settings do not name; they are kept, and wait on nobody known."""
    frame = unknown_statuses(connection)
    if frame.empty:
        return []
    items = [
        html.Li([html.Span(row["status"], dir="auto"), f" ({row['number']:,} {row['what']}s)"])
        for row in records(frame)
    ]
    return [
        notice(
            "Statuses that nobody has explained",
            "They are shown as they are. Name them in CASEBOARD_STATUS_MAP or "
            "CASEBOARD_JIRA_STATUS_MAP, then run caseboard db rebuild.",
            html.Ul(items),
        )
    ]


@callback(
    Output("sync-live", "children"),
    Input("pulse", "n_intervals"),
    State("view", "data"),
    prevent_initial_call=True,
)
def look(_beats: Any, query: Any) -> Any:
    """The page as it is now; what is shown stays while nobody answers."""
    view = asked(query)
    if view is None:
        return no_update
    try:
        return _live(view.tz)
    except SQLAlchemyError:
        return no_update


# Dash calls these also when the page brings their buttons: nobody has clicked then.
@callback(
    Output("sync-told", "children"),
    Input({"type": "ask", "sync": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def ask(_clicks: Any) -> Any:
    """Run one sync now."""
    pressed = dash.ctx.triggered_id
    if not isinstance(pressed, dict) or not dash.ctx.triggered[0]["value"]:
        return no_update
    return _ask(str(pressed.get("sync")))


@callback(
    Output("sync-told", "children", allow_duplicate=True),
    Input({"type": "retry", "reject": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def retry(_clicks: Any) -> Any:
    """Read anew what a rejected record came from."""
    pressed = dash.ctx.triggered_id
    if not isinstance(pressed, dict) or not dash.ctx.triggered[0]["value"]:
        return no_update
    return _retry(pressed.get("reject"))


def _ask(name: str) -> str:
    running = [row for row in under_way(syncs()) if row["name"] == name]
    if not queue.ask(name):
        return f"There is no sync {name[:40]}."
    audit.record("sync_ask", outcome="done", target=name)
    if running:
        return f"{name} is already under way; another run follows it."
    return f"{name} is asked for; it begins as soon as its source is free."


def _retry(number: Any) -> str:
    frame = rejects(REJECTS_SHOWN)
    found = frame[frame["id"] == number] if isinstance(number, int) else frame.iloc[:0]
    if found.empty:
        return "That record is no longer among the rejected ones."
    name = str(found["source"].iloc[0])
    audit.record("reject_retry", outcome="done", target=name, detail={"record": number})
    if queue.ask(name, full=True):
        return f"{name} reads everything anew; what it understands leaves this list."
    return "It came from a file: import the file again, with a map that tells its columns."


def sentence(_view: View) -> str:
    """What the page tells; the View's filters do not matter to it."""
    return "how fresh the data are"


PAGE = Page("sync", "/sync", "Sync", content, sentence)
