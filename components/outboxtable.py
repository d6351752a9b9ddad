"""Writing back on screen: what is to come and why, what was done; approving, again, undoing."""

from typing import Any

import dash
import pandas as pd
from dash import ALL, Input, Output, callback, html, no_update
from dash.development.base_component import Component
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app import outbox
from app.auth.person import current
from app.database import records
from app.settings import get_settings
from components.buglist import tracker_link
from components.notices import notice
from components.pressed import pressed
from components.shell import case_path
from components.tablecard import table_card
from components.text import moment

PENDING_HEADS = ("Act", "Case", "On", "Before", "After", "Why", "State", "")
PREVIEW_HEADS = PENDING_HEADS[:-1]
ENDED_HEADS = ("Act", "Case", "On", "Before", "After", "When", "State", "")
DEEDS = {"approve": outbox.approve, "again": outbox.again, "undo": outbox.undo}


def outbox_cards(connection: Connection, zone: str) -> list[Component]:
    """What is to be written back and what was, each with what an admin can do about it."""
    number, _, _ = outbox.counted(connection)
    coming, ended = outbox.pending(connection), outbox.ended(connection)
    read_only = get_settings().read_only
    if not number and ended.empty:
        told = (
            "Nothing is written: CASEBOARD_READ_ONLY is true." if read_only else "Nothing was yet."
        )
        return [*_previews(connection, zone), table_card("Writing back", PENDING_HEADS, [], told)]
    rows = [_pending(row) for row in records(coming)]
    shown = f" The first {len(rows)} are shown." if number > len(rows) else ""
    told = (
        f"{_acts(number)} to come, held or failed.{shown}"
        if number
        else "Nothing is to come, held or has failed."
    )
    cards = [*_previews(connection, zone), table_card("Writing back", PENDING_HEADS, rows, told)]
    done = [_ended(row, zone, read_only=read_only) for row in records(ended)]
    if done:
        told = f"The latest {_acts(len(done))}. Times in {zone}."
        cards.append(table_card("Written back", ENDED_HEADS, done, told))
    return cards


def _previews(connection: Connection, zone: str) -> list[Component]:
    """What the next runs would do, as the sync `preview` last worked it out."""
    plan = outbox.previewed(connection)
    if plan is None:
        return []
    at, rows, words = moment(pd.Timestamp(plan["at"]).to_pydatetime(), zone), [], []
    for name, told in plan["syncs"].items():
        words.append(f"{name}: {told['fault'] or _acts(told['total'])}")
        for act in told["acts"]:
            row = {**act, "case_number": act["case"]}
            state = outbox.STATES[act["state"]]
            rows.append(html.Tr([*_what(row), html.Td(act["reason"], dir="auto"), html.Td(state)]))
    sentence = f"As of {at}; Refresh at the sync preview works it out anew. {'; '.join(words)}"
    return [table_card("Preview", PREVIEW_HEADS, rows, sentence)]


def held_alarm(connection: Connection) -> list[Component]:
    """That cards wait for an admin, where they do, with the way to let them be made."""
    _, number, last = outbox.counted(connection)
    if not number or last is None:
        return []
    words = (
        f"{number:,} cards would be made at once, more than CASEBOARD_MAX_TO_CREATE allows. Look "
        "through them below, at Writing back: approve them, or find out why so many cases have "
        "no card."
    )
    button = _button("approve", last, f"Approve {number:,} cards") if current().is_admin else None
    return [notice(f"{number:,} cards are held", words, html.Div(button), kind="fault")]


def _acts(number: int) -> str:
    return f"{number:,} act{'s' * (number != 1)}"


def _pending(row: dict[str, Any]) -> Component:
    failed = row["state"] == "failed" and current().is_admin
    button = _button("again", row["id"], "Try again", row) if failed else None
    told = html.Div(row["told"] or "", className="secondary", dir="auto")
    return html.Tr(
        [
            *_what(row),
            html.Td(row["reason"], dir="auto"),
            html.Td([outbox.STATES[row["state"]], told]),
            html.Td(button),
        ]
    )


def _ended(row: dict[str, Any], zone: str, *, read_only: bool) -> Component:
    state = outbox.STATES[row["state"]]
    if row["undone"]:
        state = "undone"
    elif row["already"]:
        state = "was so already"
    offered = outbox.can_be_undone(row) and current().is_admin and not read_only
    told = html.Div(row["told"] or "", className="secondary", dir="auto")
    return html.Tr(
        [
            *_what(row),
            html.Td(moment(row["ended_at"], zone)),
            html.Td([state, told]),
            html.Td(_button("undo", row["id"], "Undo", row) if offered else None),
        ]
    )


def _what(row: dict[str, Any]) -> list[Component]:
    number, target = row["case_number"], row["target"]
    tracker = "bugzilla" if row["kind"] == "whiteboard" else "jira"
    on: Any = tracker_link(tracker, target) if target else "–"
    if row["kind"] in {"mail", "slack", "slack_reply"}:
        on = html.Span(target or "–", dir="auto")
    return [
        html.Th(outbox.KINDS.get(row["kind"], row["kind"]), scope="row"),
        html.Td(html.A(number, href=case_path(number)) if number else "–"),
        html.Td(on),
        html.Td(outbox.value(row["before"]), dir="auto"),
        html.Td(outbox.value(row["after"]), dir="auto"),
    ]


def _button(deed: str, row: int, words: str, of: dict[str, Any] | None = None) -> Component:
    label = f"{words}: {outbox.KINDS.get(of['kind'], of['kind'])}, act {row}" if of else words
    return html.Button(
        words, id={"type": "outbox", "deed": deed, "row": row}, n_clicks=0, **{"aria-label": label}
    )


# Dash calls this also when the page brings its buttons: nobody has clicked then.
@callback(
    Output("sync-told", "children", allow_duplicate=True),
    Input({"type": "outbox", "deed": ALL, "row": ALL}, "n_clicks"),
    prevent_initial_call=True,
)
def decide(_clicks: Any) -> Any:
    """Approve what is held, try again what failed, undo what was done."""
    row = pressed("row")
    deed = DEEDS.get(str(dash.ctx.triggered_id.get("deed"))) if row is not None else None
    if row is None or deed is None:
        return no_update
    try:
        return deed(row, current()).told
    except SQLAlchemyError:
        return "The database does not answer; nothing was decided."
