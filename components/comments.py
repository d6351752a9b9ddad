"""Comments as people read them: texts as texts, whatever they hold."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from components.text import moment

SOURCES = {"portal": "Portal", "jira": "JIRA card"}
LONG = 1_200
LONGEST = 200_000
_URL = re.compile(r"https?://[^\s<>\"'\]\)]{1,500}")


def comment_list(comments: Sequence[Mapping[str, Any]], zone: str) -> Component:
    """Comments in their order: who, where, when, and what."""
    if not comments:
        return html.P("Nobody has commented yet.", className="secondary")
    return html.Ol([_comment(comment, zone) for comment in comments], className="comments")


def told_text(words: str | None) -> Component:
    """A text as text: lines kept, web addresses as links, long ones folded; nothing can run."""
    words = (words or "").strip()
    if len(words) <= LONG:
        return html.Div(_linked(words), className="told", dir="auto")
    cut = words[:LONG].rsplit(None, 1)[0] or words[:LONG]
    rest = f"Show all {len(words):,} characters"
    return html.Div(
        [
            html.Div(_linked(f"{cut} …"), className="told", dir="auto"),
            html.Details(
                [
                    html.Summary(rest),
                    html.Div(_linked(words[:LONGEST]), className="told", dir="auto"),
                ]
            ),
        ]
    )


def _comment(comment: Mapping[str, Any], zone: str) -> Component:
    head: list[Any] = [
        html.Strong(comment["author"] or "unknown", dir="auto"),
        html.Span(SOURCES[comment["source"]], className="source"),
        html.Time(moment(comment["at"], zone), dateTime=comment["at"].isoformat()),
    ]
    if comment["is_public"] is False:
        head.insert(2, html.Span("private", className="flag"))
    return html.Li([html.Div(head, className="comment-head"), told_text(comment["text"])])


def _linked(words: str) -> list[Any]:
    parts: list[Any] = []
    end = 0
    for found in _URL.finditer(words):
        address = found[0].rstrip(".,;:!?")
        parts += [
            words[end : found.start()],
            html.A(address, href=address, target="_blank", rel="noopener noreferrer nofollow ugc"),
        ]
        end = found.start() + len(address)
    return [part for part in [*parts, words[end:]] if part != ""]
