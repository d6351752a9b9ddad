"""The bugs and issues that a case waits for; what does not fit is coloured and named."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from app.links import NO_TARGET
from app.mismatch import mismatch
from app.ranking import TRACKERS
from app.settings import get_settings
from app.words import SEVERITY_NAMES
from components.text import moment


def bug_table(
    bugs: Sequence[Mapping[str, Any]], severity: Any, zone: str, *, brief: bool = False
) -> Component:
    """The rows of `app.hanging.bugs_of` for a case of a severity (1..4 or None).

    `brief` leaves out who and since when.
    """
    if not bugs:
        return html.P("No bug or issue is linked.", className="secondary")
    heads = ["Bug", "Summary", "Status", "Severity", "Target"]
    heads += [] if brief else ["Assignee", "Linked"]
    rows = [
        html.Tr([html.Td(cell, dir="auto") for cell in _cells(bug, severity, zone)[: len(heads)]])
        for bug in bugs
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(head) for head in heads])), html.Tbody(rows)],
        className="bugs",
    )
    return html.Div(table, className="scroll", tabIndex="0", role="region",
                    **{"aria-label": "Bugs and issues"})  # fmt: skip


def tracker_link(tracker: str, key: str) -> str | Component:
    """A bug's key as a link to its tracker, where its address is known."""
    settings = get_settings()
    places = {
        "bugzilla": settings.bugzilla_url and f"{settings.bugzilla_url}/show_bug.cgi?id=",
        "jira": settings.jira_url and f"{settings.jira_url}/browse/",
    }
    place = places.get(tracker)
    if not place:
        return key
    href = f"{place}{quote(key, safe='')}"
    return html.A(key, href=href, target="_blank", rel="noopener noreferrer")


def _cells(bug: Mapping[str, Any], severity: Any, zone: str) -> list[Any]:
    key = html.Span(
        [tracker_link(bug["tracker"], bug["key"]), " ",
         html.Span(TRACKERS.get(bug["tracker"], bug["tracker"]), className="secondary")]
    )  # fmt: skip
    aimless = (bug["target"] or "") in NO_TARGET
    return [
        key,
        "Restricted" if bug["restricted"] else bug["summary"] or "–",
        bug["status"] or "–",
        _severity(bug["severity"], severity),
        html.Span("no target", className="flag") if aimless else bug["target"],
        bug["assignee"] or "–",
        moment(bug["linked_at"], zone),
    ]


def _severity(words: str | None, severity: Any) -> str | Component:
    if not words:
        return "–"
    if not mismatch(words, None if severity is None else int(severity)):
        return words
    told = f"bug is {words}, case is {SEVERITY_NAMES[int(severity)]}"
    return html.Span(told, className="flag mismatch")
