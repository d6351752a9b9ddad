"""Writing back on screen: what is to come and why, what was done; approving, again, undoing."""

from typing import Any

import dash
import pandas as pd
from dash import ALL, Input, Output, callback, html, no_update
from dash.development.base_component import Component
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app import deciding, outbox
from app.auth.person import current
from app.rows import records
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
DEEDS = {
    "approve": deciding.approve,
    "again": deciding.again,
    "all": lambda _row, by: deciding.again_all(by),
    "undo": deciding.undo,
}
MESSAGES = frozenset({"mail", "slack", "slack_reply"})
# What an act is called that somebody wants undone, by the state of what undoes it.
UNDOING = {
    "done": "undone",
    "failed": "done; undoing it failed",
    "withdrawn": "done; not undone, it was changed since",
}


def outbox_cards(connection: Connection, zone: str) -> list[Component]:
    """What is to be written back and what was, each with what an admin can do about it."""
    told = outbox.counted(connection)
    number, coming, ended = told.pending, outbox.pending(connection), outbox.ended(connection)
    read_only = get_settings().read_only
    if not number and ended.empty:
        words = (
            "Nothing is written: CASEBOARD_READ_ONLY is true." if read_only else "Nothing was yet."
        )
        return [*_previews(connection, zone), table_card("Writing back", PENDING_HEADS, [], words)]
    rows = [_pending(row) for row in records(coming)]
    shown = f" The first {len(rows)} are shown." if number > len(rows) else ""
    words = (
        f"{_acts(number)} to come, held or failed.{shown}"
        if number
        else "Nothing is to come, held or has failed."
    )
    pending = table_card("Writing back", PENDING_HEADS, rows, words)
    cards = [*_previews(connection, zone), *_all_again(told.failed), pending]
    done = [_ended(row, zone, read_only=read_only) for row in records(ended)]
    if done:
        words = f"The latest {_acts(len(done))}. Times in {zone}."
        cards.append(table_card("Written back", ENDED_HEADS, done, words))
    return cards


def _all_again(failed: int) -> list[Component]:
    """That several acts have failed, with the way to let them all be tried again."""
    if failed <= 1:
        return []
    words = (
        "Their reasons stand below, at Writing back. When the cause is mended, they can all be "
        "tried again; messages that may have arrived are not."
    )
    button = _button("all", 0, f"Try all {failed:,} again") if current().is_admin else None
    return [notice(f"{failed:,} acts have failed", words, html.Div(button))]


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
    counted = outbox.counted(connection)
    if not counted.held or counted.last_held is None:
        return []
    rows, number = records(outbox.held(connection)), f"{counted.held:,}"
    words = (
        f"{number} cards would be made or taken up at once, more than CASEBOARD_MAX_TO_CREATE "
        "allows. Look through them: approve them, or find out why so many cases have no card."
    )
    # Whoever uses the keyboard can scroll it too.
    told = {"aria-label": f"The {number} cards that are held"}
    held = html.Ul([_held(row) for row in rows], className="held-cards", tabIndex="0", **told)
    button = _button("approve", counted.last_held, f"Approve {number} cards")
    approving = html.Div(button if current().is_admin else None)
    return [notice(f"{number} cards are held", words, held, approving, kind="fault")]


def _held(row: dict[str, Any]) -> Component:
    """A card that is held, in a line."""
    number = row["case_number"]
    summary = str((row["after"] or {}).get("summary", "")).removeprefix(f"{number}:").strip()
    words = (
        f"take {row['target']} up again"
        if row["kind"] == "reopen"
        else f"{row['priority']}, to {row['assignee'] or 'nobody'}: {summary}"
    )
    return html.Li([html.A(number, href=case_path(number)), f" {words}"], dir="auto", title=words)


def _acts(number: int) -> str:
    return f"{number:,} act{'s' * (number != 1)}"


def _pending(row: dict[str, Any]) -> Component:
    failed = row["state"] == "failed" and current().is_admin
    button = _button("again", row["id"], "Try again", row) if failed else None
    return html.Tr(
        [
            *_what(row),
            html.Td(row["reason"], dir="auto"),
            html.Td([outbox.STATES[row["state"]], _told(row)]),
            html.Td(button),
        ]
    )


def _ended(row: dict[str, Any], zone: str, *, read_only: bool) -> Component:
    state = outbox.STATES[row["state"]]
    if row["undo"]:
        state = UNDOING.get(row["undo"], "done; to be undone")
    elif row["already"]:
        state = "was so already"
    offered = deciding.can_be_undone(row) and current().is_admin and not read_only
    return html.Tr(
        [
            *_what(row),
            html.Td(moment(row["ended_at"], zone)),
            html.Td([state, _told(row)]),
            html.Td(_button("undo", row["id"], "Undo", row) if offered else None),
        ]
    )


def _told(row: dict[str, Any]) -> Component:
    # What a mail server says names addresses, which are for admins.
    hidden = row["kind"] == "mail" and not current().is_admin
    return html.Div("" if hidden else row["told"] or "", className="secondary", dir="auto")


def _what(row: dict[str, Any]) -> list[Component]:
    number, target = row["case_number"], row["target"]
    tracker = "bugzilla" if row["kind"] == "whiteboard" else "jira"
    on: Any = tracker_link(tracker, target) if target else "–"
    if row["kind"] in MESSAGES:
        hidden = row["kind"] == "mail" and not current().is_admin
        on = html.Span("–" if hidden else target or "–", dir="auto")
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
    """Approve what is held, try again what failed, one or all, undo what was done."""
    row = pressed("row")
    deed = DEEDS.get(str(dash.ctx.triggered_id.get("deed"))) if row is not None else None
    if row is None or deed is None:
        return no_update
    try:
        return deed(row, current()).told
    except SQLAlchemyError:
        return "The database does not answer; nothing was decided."
