"""How old the data of each source are, on every page; and refreshing them, with its progress."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update, set_props
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app import queue
from app.auth import audit
from app.auth.person import current
from app.syncs import connected, progress_words, syncs, under_way
from app.version import Version, data_version
from components import notices
from components.text import ago

PULSE_MILLISECONDS = 4_000
# What reads no source: the board's own work, and what goes out.
OURS = ("board", "report", "outbound", "notices")
# The worst first: what is told of a source is told by the worst of its syncs.
STANDINGS = ("failed", "lost", "held", "late", "never", "running", "partial", "fresh")
WORDS = {
    "failed": "failed",
    "lost": "failed",
    "held": "held back",
    "late": "late",
    "never": "not yet read",
    "running": "being read",
    "partial": "in part",
    "fresh": "",
}
SOURCES = {"portal": "Portal", "jira": "JIRA", "bugzilla": "Bugzilla"}


def pulse() -> Component:
    """What makes the marks live, and tells of new data; stays while pages come and go."""
    return html.Div(
        [
            dcc.Interval(id="pulse", interval=PULSE_MILLISECONDS),
            dcc.Store(id="board-version"),
        ]
    )


def freshness(version: Version | None, now: datetime) -> Component:
    """The marks of all sources, the refresh button and its progress."""
    if version is None:
        # Everything that the pulse fills is there, so that it goes on by itself.
        marks, told = [html.Span("No data at the moment", className="mark-words")], []
    else:
        found = syncs()
        marks, told = _marks(found, version, now), progress(found)
    return html.Div(
        [
            dcc.Link(
                marks,
                href="/sync",
                className="marks",
                id="marks",
                title="How fresh the data of each source are",
            ),
            *(_refresh_button() if version else []),
            html.Div(told, id="refresh-progress", className="progress", role="status"),
        ],
        className="freshness",
    )


def _refresh_button() -> list[Component]:
    """The button for those who may: Dash calls its callback also when a page only brings it."""
    if not current().is_editor:
        return []
    words = [html.Span(className="icon icon-refresh"), html.Span("Refresh now")]
    return [
        html.Button(
            words,
            id="refresh",
            className="quiet",
            n_clicks=0,
            title="Read all sources now",
            hidden=not connected(),
        )
    ]


def mark(standing: str, words: str) -> Component:
    """A standing as shape, colour and word."""
    return html.Span([html.Span(className=f"dot dot-{standing}"), words], className="mark-words")


def running(row: dict[str, Any], name: str = "") -> Component:
    """A run under way: what it does, and a bar of how far it is."""
    bar = {"value": str(row["done"]), "max": str(row["total"])} if row["total"] else {}
    return html.Label([f"{name}{progress_words(row)}", html.Progress(**bar)], className="running")


def progress(found: Sequence[dict[str, Any]]) -> list[Component]:
    """The runs under way, with how far they are."""
    return [running(row, f"{row['name']}: ") for row in under_way(found)]


def _marks(found: Sequence[dict[str, Any]], version: Version, now: datetime) -> list[Component]:
    sources: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        # One that has not run yet, and need not have, says nothing of how fresh the data are.
        if row["source"] not in OURS and (
            row["standing"] != "never" or row["due_at"] <= row["now"]
        ):
            sources.setdefault(row["source"], []).append(row)
    if not sources:
        told = f"Data: {ago(version.changed_at, now)}" if version.changed_at else "No data yet"
        return [html.Span(told, className="mark-words")]
    marks: list[Component] = []
    for source, rows in sources.items():
        standing = min((row["standing"] for row in rows), key=STANDINGS.index)
        first = rows[0]
        age = ago(first["good_at"], first["now"]) if first["good_at"] else ""
        words = " ".join(filter(None, [SOURCES.get(source, source), age, WORDS[standing]]))
        marks.append(mark(standing, words))
    return marks


@callback(
    Output("marks", "children"),
    Output("refresh-progress", "children"),
    Output("board-version", "data"),
    Input("pulse", "n_intervals"),
    State("board-version", "data"),
    State("page-version", "data"),
    State("away", "children"),
    prevent_initial_call=True,
)
def look(_beats: Any, told: Any, shown: Any, banner: Any) -> Any:
    """The marks, the progress and the data version as they are now.

    What is shown stays while nobody answers. The version is told only when it is a new one, as
    everything that shows data is computed and drawn anew then.
    """
    try:
        found, version = syncs(), data_version()
    except SQLAlchemyError:
        if not banner:
            set_props("away", {"children": notices.shown_before()})
        return no_update, no_update, no_update
    fresh = version.number not in (told, shown)
    news = version.number if fresh else no_update
    if banner:
        # What was shown meanwhile is drawn anew, whether or not something has changed.
        set_props("away", {"children": ""})
        news = version.number
    return _marks(found, version, datetime.now(UTC)), progress(found), news


@callback(
    Output("announce", "children", allow_duplicate=True),
    Output("refresh-progress", "children", allow_duplicate=True),
    Input("refresh", "n_clicks"),
    prevent_initial_call=True,
)
def refresh(clicks: Any) -> Any:
    """Ask for every sync; tells when one is under way already."""
    # Dash calls this also when a page brings the button: nobody has clicked then.
    if not clicks:
        return no_update, no_update
    found = syncs()
    running_now = under_way(found)
    asked = queue.ask_all()
    audit.record("refresh", outcome="done")
    if running_now:
        names = ", ".join(row["name"] for row in running_now)
        told = f"A refresh is already under way ({names}); another one follows it."
    elif asked:
        told = "The sources are being read."
    else:
        told = "The workers are starting; they read the sources by themselves."
    return told, [html.Span(told), *progress(found)]
