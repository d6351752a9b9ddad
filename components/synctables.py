"""The tables of the sync page: schedule, reconciliation, rejected records, runs."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from app.auth.person import current
from app.rows import records
from components.freshness import WORDS, mark, running
from components.tablecard import table_card
from components.text import ago, moment

HEADS = {
    "schedule": ("Sync", "Data", "Objective", "Schedule (UTC)", "Next", "Last run", ""),
    "runs": ("Run", "Sync", "Began", "Took", "Requests", "Seen", "New", "Changed", "Gone",
             "Rejected", "End"),
    "rejects": ("Record", "From", "Why", "Since", ""),
}  # fmt: skip


def schedule(found: Sequence[dict[str, Any]], zone: str) -> Component:
    """Every sync with its standing, schedule and last run, and a button to run it."""
    rows = []
    for row in found:
        age = ago(row["good_at"], row["now"]) if row["good_at"] else "none yet"
        words = " ".join(filter(None, [age, WORDS[row["standing"]]]))
        full = (
            f"; all: {row['full_schedule']}"
            if row["full_schedule"] not in {None, row["schedule"]}
            else ""
        )
        rows.append(
            html.Tr(
                [
                    html.Th(
                        [row["name"], html.Div(row["told"], className="secondary")], scope="row"
                    ),
                    html.Td(mark(row["standing"], words), title=moment(row["good_at"], zone)),
                    html.Td(f"within {_span(row['fresh_seconds'])}"),
                    html.Td(html.Code(row["schedule"] + full)),
                    html.Td(
                        "as soon as possible"
                        if row["asked_at"]
                        else moment(row["retry_at"] or row["due_at"], zone)
                    ),
                    html.Td(_last_run(row)),
                    html.Td(_ask(row["name"]) if current().is_editor else None),
                ]
            )
        )
    return _card("Syncs", "schedule", rows, f"Times in {zone}.")


def _ask(name: str) -> Component:
    told = {"aria-label": f"Run {name} now"}
    return html.Button("Refresh", id={"type": "ask", "sync": name}, n_clicks=0, **told)


def _retry(number: int) -> Component:
    return html.Button("Retry", id={"type": "retry", "reject": number}, n_clicks=0)


def _span(seconds: int) -> str:
    return f"{seconds // 3_600:,} h" if seconds >= 7_200 else f"{seconds // 60:,} min"


def _last_run(row: dict[str, Any]) -> Component | str:
    if row["run_id"] is None:
        return "–"
    if row["state"] == "running":
        return running(row)
    changed = int(row["inserted"] + row["updated"] + row["gone"])
    told = f"{changed:,} changed of {int(row['seen']):,}, {int(row['requests']):,} requests"
    notes = [html.Div(words, className="secondary") for words in row["notes"] or []]
    return html.Div([told, *notes])


def reconciliation(frame: pd.DataFrame, zone: str) -> Component:
    """What each source showed beside what the board holds."""
    rows = [
        html.Tr(
            [
                html.Th(row["name"], scope="row"),
                html.Td(f"{row['shown']:,}", className="number"),
                html.Td(f"{row['held']:,}", className="number"),
                html.Td(f"{row['held'] - row['shown']:+,}", className="number"),
                html.Td(moment(row["at"], zone)),
            ]
        )
        for row in records(frame)
    ]
    heads = ("Sync", "Source showed", "Board holds", "Difference", "Asked for all at")
    told = "A difference is what has come, gone or been refused since then."
    return table_card("Reconciliation", heads, rows, told, numbers=range(1, 4))


def rejected_records(frame: pd.DataFrame, number: int, zone: str) -> Component:
    """The latest of the `number` records that could not be understood, each with a retry."""
    rows = [
        html.Tr(
            [
                html.Th(row["key"] or "–", scope="row", dir="auto"),
                html.Td(row["source"]),
                html.Td(row["reason"], dir="auto"),
                html.Td(moment(row["rejected_at"], zone)),
                html.Td(_retry(row["id"]) if current().is_admin else None),
            ]
        )
        for row in records(frame)
    ]
    shown = f" The latest {len(rows)} are shown." if number > len(rows) else ""
    told = (
        f"{number:,} records could not be understood.{shown}"
        if number
        else "None: every record was understood."
    )
    return _card("Rejected records", "rejects", rows, told)


def latest_runs(frame: pd.DataFrame, zone: str) -> Component:
    """What ran, newest first."""
    rows = []
    for row in records(frame):
        numbers = ("requests", "seen", "inserted", "updated", "gone", "rejected")
        rows.append(
            html.Tr(
                [
                    html.Td(f"{row['id']}", className="number"),
                    html.Td(f"{row['sync']}{' (all)' if row['mode'] == 'full' else ''}"),
                    html.Td(moment(row["started_at"], zone)),
                    html.Td(f"{row['seconds']:,.1f} s", className="number"),
                    *(html.Td(f"{row[name]:,}", className="number") for name in numbers),
                    html.Td(
                        [
                            row["state"],
                            html.Div(row["error"] or "", className="secondary", dir="auto"),
                        ]
                    ),
                ]
            )
        )
    return _card(
        "Runs",
        "runs",
        rows,
        f"The latest {len(rows)}. Times in {zone}.",
        numbers=(0, *range(3, 10)),
    )


def _card(title: str, heads: str, rows: list[Any], told: str, numbers: Any = ()) -> Component:
    return table_card(title, HEADS[heads], rows, told, numbers=numbers)
