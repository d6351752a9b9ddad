"""`/quality`: what is wrong in the data, as lists to work off."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from dash import ALL, Input, Output, State, callback, ctx, dcc, html, no_update
from dash.development.base_component import Component

from app.auth import audit
from app.auth.person import current
from app.look import Look
from app.mutes import NotMuted, mute, unmute
from app.period import midnight
from app.place import Place
from app.quality import LISTS
from app.quality.answers import SHOWN, counts, oldest
from app.quality.checks import checked
from app.quality.unreconciled import KINDS, recounts
from app.quality.worklist import WorkList
from app.scope import Scope
from app.version import Version, data_version
from app.view import View
from components.filterbar import asked, filter_bar
from components.number import counted
from components.sample import first_minute
from components.text import moment
from components.worklists import day_of, entry_table, list_tiles, mute_form
from pages.page import Page

PATH = "/quality"


def content(view: View, version: Version, own: Look) -> list[Component]:
    """All lists with their counts, and the entries of one."""
    if version.number == 0:
        return [first_minute()]
    return [
        filter_bar(view, Place(PATH, own=own.to_query())),
        html.Div(_lists(view, version, own), id="quality-lists"),
    ]


def sentence(view: View) -> str:
    """The View without its state, as each list has its own."""
    return view.but(state="all").sentence()


def _lists(view: View, version: Version, own: Look) -> list[Component]:
    scope = Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version)
    found = counts(scope, version)
    first = next((name for name in LISTS if found[name]["entries"]), next(iter(LISTS)))
    one = LISTS[own.name or first]

    def href(look: Look) -> str:
        return Place(PATH, own=look.to_query()).url(view)

    return [
        dcc.Store(id="quality-look", data={"list": one.name, "muted": own.muted}),
        list_tiles(list(LISTS.values()), found, one.name, href),
        html.Section(
            [
                html.H2(one.title),
                html.Div([one.why, *_notes(one, scope, version)], className="secondary"),
                _tools(one, own, view, found[one.name]),
                mute_form(),
                *_entries(one, own, scope, version),
            ],
            className="card sync-card",
        ),
    ]


def _notes(one: WorkList, scope: Scope, version: Version) -> list[Any]:
    """Of restatements and reconciliation: how they are found, and when that was last done."""
    if one.name == "unreconciled":
        return _recounts(scope)
    if one.name != "restated":
        return []
    days, at = checked(scope, version)
    if not days:
        return [" No day has been stored yet; the sync snapshot stores one each night."]
    compared = (
        f" {days:,} stored days, last compared on {moment(at, scope.view.tz)} {scope.view.tz}."
    )
    whole = " They are of the whole board, whatever the filters."
    return [compared, whole if scope.view.filters() else ""]


def _recounts(scope: Scope) -> list[Any]:
    """What sources counted beside the board, and what was lost and loaded again."""
    found = recounts()
    if not found:
        return [" Nothing has been compared yet; the reconciliation syncs do it once a day."]
    items = []
    for row in found:
        name, source = KINDS[row["kind"]]
        at = moment(row["counted_at"], scope.view.tz)
        told = f"{source} has {row['shown']:,} {name}, the board {row['held']:,}, on {at}"
        loaded = f"; {row['loaded']:,} were lost and were loaded then" if row["loaded"] else ""
        items.append(html.Li(f"{told}{loaded}."))
    return [" They are of the whole board, whatever the filters.", html.Ul(items)]


def _tools(one: WorkList, own: Look, view: View, found: dict[str, int]) -> Component:
    """How many entries there are, where all of them are, the file, and the muted ones."""
    entries, muted = found["entries"], found["muted"]
    whole = entries + muted
    parts: list[Any] = [html.Span([html.B(f"{entries:,}"), " to work off"], className="count")]
    rows = one.rows(view)
    if rows is not None:
        beside = " (muted ones too)" if muted else ""
        parts.append(html.Span(["All ", counted(whole, rows), f" in the case table{beside}"]))
    if one.ranking is not None:
        every = Place("/bugs", own=one.ranking.to_query()).url(view.but(state="open"))
        parts.append(dcc.Link(f"All {whole:,} in the list of bugs", href=every))
    file = _filters(view).url(f"/api/v1/quality/{one.name}.csv")
    parts.append(html.A("CSV", href=file, className="button", title="Download the whole list"))
    if muted or own.muted:
        turned = Look(one.name, "" if own.muted else "yes")
        words = "Show those to work off" if own.muted else f"Show the {muted:,} muted"
        href = Place(PATH, own=turned.to_query()).url(view)
        parts.append(dcc.Link(words, href=href, className="button"))
    return html.Div(parts, className="list-tools")


def _filters(view: View) -> View:
    """The View without its state, order and columns."""
    return view.only_filters().but(state=View().state)


def _entries(one: WorkList, own: Look, scope: Scope, version: Version) -> list[Component]:
    rows = oldest(one, scope, version, show_muted=bool(own.muted))
    if not rows:
        words = "No entry is muted." if own.muted else "Nothing to work off here."
        return [html.P(words, className="empty")]
    may = current().is_editor and scope.view.as_of is None
    table = entry_table(rows, scope.view, scope.instant, may_mute=may, muted=bool(own.muted))
    if len(rows) < SHOWN:
        return [table]
    return [table, html.P(f"The {SHOWN} oldest are shown.", className="secondary")]


@callback(
    Output("mute-form", "hidden"),
    Output("mute-subject", "data"),
    Output("mute-title", "children"),
    Input({"type": "mute", "subject": ALL}, "n_clicks"),
    Input("mute-cancel", "n_clicks"),
    prevent_initial_call=True,
)
def choose(clicks: Any, cancel: Any) -> tuple[Any, Any, Any]:
    """Show the form for the entry whose button was pressed; hide it again on Cancel."""
    chosen = ctx.triggered_id
    if chosen == "mute-cancel":
        return (True, None, "Mute") if cancel else (no_update, no_update, no_update)
    if not isinstance(chosen, dict) or not any(clicks):
        return no_update, no_update, no_update
    subject = str(chosen.get("subject"))
    return False, subject, f"Mute {subject.replace('|', ' ')}"


@callback(
    Output("quality-lists", "children"),
    Output("mute-fault", "children"),
    Input("mute-apply", "n_clicks"),
    State("mute-subject", "data"),
    State("mute-reason", "value"),
    State("mute-until", "date"),
    State("quality-look", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def apply(
    clicks: Any, subject: Any, reason: Any, until: Any, look: Any, query: Any
) -> tuple[Any, Any]:
    """Mute the chosen entry, or say why not."""
    view, own = asked(query), _look(look)
    day = day_of(until)
    if not clicks or view is None or own is None or not isinstance(subject, str):
        return no_update, no_update
    if day is None:
        return no_update, "Give the day on which it shall come back."
    try:
        mute(current(), own.name, subject, str(reason or ""), midnight(day, view.tz))
    except NotMuted as refusal:
        return no_update, str(refusal)
    audit.record("mute", outcome="done", target=f"{own.name} {subject}")
    return _lists(view, data_version(), own), ""


@callback(
    Output("quality-lists", "children", allow_duplicate=True),
    Input({"type": "unmute", "subject": ALL}, "n_clicks"),
    State("quality-look", "data"),
    State("view", "data"),
    prevent_initial_call=True,
)
def end(clicks: Any, look: Any, query: Any) -> Any:
    """End the mute of an entry."""
    view, own, chosen = asked(query), _look(look), ctx.triggered_id
    if view is None or own is None or not isinstance(chosen, dict) or not any(clicks):
        return no_update
    # Where somebody else ended it before, the lists show so.
    subject = str(chosen.get("subject"))
    with suppress(NotMuted):
        unmute(current(), own.name, subject)
        audit.record("unmute", outcome="done", target=f"{own.name} {subject}")
    return _lists(view, data_version(), own)


def _look(told: Any) -> Look | None:
    if not isinstance(told, dict):
        return None
    name, muted = str(told.get("list") or ""), "yes" if told.get("muted") else ""
    return Look(name, muted) if name in LISTS else None


PAGE = Page("quality", PATH, "Quality", content, sentence=sentence, own=Look.taken)
