"""The work lists: all with their counts, one with its entries, and the form that mutes one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from app.look import Look
from app.mutes import LONGEST_REASON
from app.quality.worklist import WorkList
from app.ranking import TRACKERS
from app.view import View
from components.buglist import tracker_link
from components.bugranking import severity
from components.shell import case_path
from components.text import days, moment

MUTE_DAYS = 30


def list_tiles(
    lists: Sequence[WorkList],
    counts: Mapping[str, Mapping[str, int]],
    chosen: str,
    href: Callable[[Look], str],
) -> Component:
    """Every list as a tile with its number; the one that is open is marked."""
    tiles = []
    for one in lists:
        found = counts[one.name]
        muted = f"{found['muted']:,} muted" if found["muted"] else "none muted"
        tiles.append(
            dcc.Link(
                [
                    html.Div(one.title, className="tile-label"),
                    html.Div(f"{found['entries']:,}", className="tile-value"),
                    html.Div(muted, className="tile-change"),
                ],
                href=href(Look(one.name)),
                className=" ".join(
                    filter(
                        None,
                        (
                            "tile",
                            "list-tile",
                            "chosen" if one.name == chosen else "",
                            "" if found["entries"] else "clean",
                        ),
                    )
                ),
                title=one.why,
            )
        )
    return html.Nav(tiles, className="list-tiles", **{"aria-label": "Work lists"})


def entry_table(
    rows: Sequence[Mapping[str, Any]], view: View, instant: datetime, *, may_mute: bool, muted: bool
) -> Component:
    """Entries of a list, oldest fault first, each with a way to mute it, or to end its mute."""
    heads = ["Age", "Case or bug", "Severity", "Account", "What is wrong", "Summary"]
    heads += ["Muted"] if muted else []
    heads += [""] if may_mute else []
    cells = [
        html.Th(
            head or html.Span("Mute", className="visually-hidden"),
            scope="col",
            className="number" if head == "Age" else "",
        )
        for head in heads
    ]
    body = [_row(row, view, instant, may_mute=may_mute, muted=muted) for row in rows]
    table = html.Table([html.Thead(html.Tr(cells)), html.Tbody(body)], className="entries")
    return html.Div(table, className="wide-table", tabIndex="0", role="region",
                    **{"aria-label": "Entries"})  # fmt: skip


def _row(
    row: Mapping[str, Any], view: View, instant: datetime, *, may_mute: bool, muted: bool
) -> Component:
    since = datetime.fromisoformat(row["since"])
    age = (instant - since).total_seconds() / 86_400
    told = [
        html.Td(days(age), className="number", title=f"Since {moment(since, view.tz)} {view.tz}"),
        html.Th(_what(row, view), scope="row"),
        html.Td(severity(row["severity"])),
        html.Td(row["account"] or "–", dir="auto"),
        html.Td(row["told"], dir="auto"),
        html.Td(row["summary"] or "–", dir="auto", className="summary"),
    ]
    if muted:
        until = moment(datetime.fromisoformat(row["until"]), view.tz)
        ends = html.Div(f"until {until}, by {row['by']}", className="secondary")
        told.append(html.Td([row["reason"], ends], dir="auto"))
    if may_mute:
        kind, words = ("unmute", "Unmute") if muted else ("mute", "Mute")
        button = html.Button(
            words,
            id={"type": kind, "subject": row["subject"]},
            n_clicks=0,
            className="quiet",
            **{"aria-label": f"{words} {row['subject'].replace('|', ' ')}"},
        )
        told.append(html.Td(button))
    return html.Tr(told)


def _what(row: Mapping[str, Any], view: View) -> list[Any]:
    """The case, card and bug of an entry, as far as there are, each as a link."""
    parts: list[Any] = []
    if row["number"]:
        place = View(as_of=view.as_of, tz=view.tz)
        parts.append(dcc.Link(row["number"], href=place.url(case_path(row["number"]))))
    if row["bug"]:
        tracker = TRACKERS.get(row["tracker"], row["tracker"])
        parts.append(html.Div([tracker_link(row["tracker"], row["bug"]), f" {tracker}"],
                              className="secondary"))  # fmt: skip
    if row["card"]:
        parts.append(html.Div(tracker_link("jira", row["card"]), className="secondary"))
    return parts or [row["subject"]]


def mute_form() -> Component:
    """The form that mutes an entry; it shows itself when one is chosen."""
    today = datetime.now(UTC).date()
    return html.Section(
        [
            dcc.Store(id="mute-subject"),
            html.H3("Mute", id="mute-title"),
            html.P("It is counted as muted until then, and comes back by itself.",
                   className="secondary"),
            html.Label("Reason", htmlFor="mute-reason"),
            dcc.Input(id="mute-reason", type="text", maxLength=LONGEST_REASON, value="",
                      placeholder="Why need nobody look at it until then?"),
            html.Label("Until the start of", htmlFor="mute-until"),
            dcc.DatePickerSingle(
                id="mute-until",
                date=(today + timedelta(days=MUTE_DAYS)).isoformat(),
                min_date_allowed=(today + timedelta(days=1)).isoformat(),
                display_format="YYYY-MM-DD",
            ),
            html.Div(
                [
                    html.Button("Mute it", id="mute-apply", className="primary", n_clicks=0),
                    html.Button("Cancel", id="mute-cancel", className="quiet", n_clicks=0),
                ],
                className="buttons",
            ),
            html.P("", id="mute-fault", role="alert", className="fault"),
        ],
        id="mute-form",
        className="card mute-form",
        hidden=True,
        **{"aria-label": "Mute an entry"},
    )  # fmt: skip


def day_of(text: Any) -> date | None:
    """The day that a date picker tells; None for anything else."""
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None
