"""The story of a case, newest first: what was said and what changed, when, where and by whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson
import pandas as pd
from dash import html
from dash.development.base_component import Component

from app.columns import COLUMNS
from app.outbox import KINDS as ACTS
from app.story import KINDS
from app.words import SEVERITY_NAMES
from components.comments import told_text
from components.text import ago, moment

SOURCES = {"portal": "Portal", "jira": "JIRA", "bugzilla": "Bugzilla", "caseboard": "Caseboard"}
KIND_WORDS = {
    "comments": "Comments",
    "case": "Case",
    "cards": "Cards",
    "bugs": "Bugs",
    "acts": "Written back",
}
FIELD_WORDS = {"gone": "no longer at its source", "linked": "linked", "restricted": "restricted"}
LONG_VALUE = 200


def kind_chips(counts: Mapping[str, int]) -> Component:
    """A chip for each kind of event with its number; pressing one hides or shows its events."""
    chips = [
        html.Button(
            f"{KIND_WORDS[kind]} {counts.get(kind, 0):,}",
            className="kind",
            **{"data-kind": kind, "aria-pressed": "true"},
        )
        for kind in KINDS
    ]
    return html.Div(chips, className="kinds", role="group", **{"aria-label": "What to show"})


def timeline_list(events: Sequence[Mapping[str, Any]], zone: str, now: datetime) -> Component:
    """The events of `app.story.story` as a list; changes of one thing at one instant are one."""
    groups = groupby(
        events, key=lambda e: (e["at"], e["actor"], e["entity"], e["key"], e["kind"] == "comments")
    )
    entries = []
    for _, group in groups:
        told = list(group)
        if told[0]["kind"] == "comments":
            entries += [_entry([one], zone, now) for one in told]
        else:
            entries.append(_entry(told, zone, now))
    return html.Ol(entries, className="timeline", id="timeline")


def _entry(events: list[Mapping[str, Any]], zone: str, now: datetime) -> Component:
    first = events[0]
    at, anchor = first["at"], first["anchor"]
    head: list[Any] = [
        html.A(
            html.Time(moment(at, zone), dateTime=at.isoformat()),
            href=f"#{anchor}",
            className="when",
            title=f"{ago(at, now)}; a link to this event",
        ),
        html.Span(SOURCES.get(first["source"], first["source"]), className="source"),
        html.Span(_what(first), className="what", dir="auto"),
        html.Span(first["actor"] or "", className="actor", dir="auto"),
    ]
    if first["is_public"] is False:
        head.append(html.Span("private", className="flag"))
    body: list[Component] = (
        [told_text(first["after"])]
        if first["kind"] == "comments"
        else [html.Ul([_change(event, zone) for event in events])]
    )
    return html.Li(
        [html.Div(head, className="event-head"), *body],
        id=anchor,
        className=f"event event-{first['kind']}",
    )


def _what(event: Mapping[str, Any]) -> str:
    """What an event is about, in words."""
    match event["entity"]:
        case "comment":
            return "commented on the card" if event["source"] == "jira" else "commented"
        case "card":
            return f"card {event['key']}"
        case "bug":
            return f"bug {event['key'].split('|')[-1]}"
        case "act":
            return f"wrote back to {event['key']}" if event["key"] else "wrote back"
        case "link":
            return f"link to {event['key'].split('|')[-1]}"
    return "case"


def _change(event: Mapping[str, Any], zone: str) -> Component:
    field = event["field"]
    if field in FIELD_WORDS:
        negated = event["after"] != "true"
        return html.Li(f"not {FIELD_WORDS[field]} any more" if negated else FIELD_WORDS[field])
    label = COLUMNS[field].label if field in COLUMNS else field.replace("_", " ").capitalize()
    label = ACTS[field] if event["entity"] == "act" and field in ACTS else label
    name = html.Span(f"{label} ", className="field")
    after = html.Span(_value(field, event["after"], zone), className="after", dir="auto")
    if event["after"] and len(event["after"]) > LONG_VALUE:
        whole = event["after"]
        is_list = field in COLUMNS and COLUMNS[field].kind == "list"
        return html.Li([name, told_text(_listed(whole) if is_list else whole)])
    if event["before"] is None:
        return html.Li([name, after])
    before = html.Span(_value(field, event["before"], zone), className="before", dir="auto")
    return html.Li([name, before, " → ", after])


def _value(field: str, value: str | None, zone: str) -> str:
    if value is None:
        return "not set"
    if field == "severity" and value.isdigit():
        return SEVERITY_NAMES.get(int(value), value)
    if field in COLUMNS and COLUMNS[field].kind == "instant":
        return moment(pd.Timestamp(value).to_pydatetime(), zone)
    if field in COLUMNS and COLUMNS[field].kind == "list":
        value = _listed(value)
    return f"{value[:LONG_VALUE]}…" if len(value) > LONG_VALUE else value


def _listed(value: str) -> str:
    """A list as facts hold it (JSON), as people read it."""
    try:
        parts = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return (", ".join(map(str, parts)) or "none") if isinstance(parts, list) else value
