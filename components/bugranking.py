"""The table of bugs, ranked: what waits for each, what does not fit, how its target moved."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.ranking import TRACKERS, Ranking
from app.view import View
from app.words import SEVERITY_NAMES, day_words
from components.buglist import tracker_link
from components.number import counted
from components.sortable import sort_head

WAITED = "How long all these cases together have waited on engineering since they were linked"
WEIGHT = "Its cases, an urgent one counted 8 times, a high one 4, a normal one 2, a low one once"
# Columns of a heading, and whether they are numbers, with what they mean.
HEADS: tuple[tuple[list[tuple[str, str]], bool, str], ...] = (
    ([("key", "Bug"), ("tracker", "Tracker")], False, ""),
    ([("summary", "Summary")], False, ""),
    ([("status", "Status"), ("assignee", "Assignee")], False, ""),
    ([("severity", "Severity"), ("mismatched", "Mismatch")], False, ""),
    ([("target", "Target"), ("slips", "Slips")], False, ""),
    ([("cases", "Cases")], True, ""),
    ([("accounts", "Accounts")], True, ""),
    ([("worst", "Worst")], False, "The highest severity of its cases"),
    ([("weight", "Weight")], True, WEIGHT),
    ([("days_waited", "Waited (days)")], True, WAITED),
)


def ranking_table(
    rows: Sequence[Mapping[str, Any]],
    view: View,
    ranking: Ranking,
    url: Callable[[Ranking], str],
) -> Component:
    """The rows of `app.ranked`, headings that sort, and links to the cases of each bug."""
    heads = [
        sort_head(
            labels,
            ranking.sort[0],
            lambda name: url(ranking.sorted_by(name)),
            number=number,
            hint=hint,
        )
        for labels, number, hint in HEADS
    ]
    table = html.Table(
        [
            html.Caption("Bugs and issues, ranked", className="visually-hidden"),
            html.Thead(html.Tr(heads)),
            html.Tbody([_row(row, view) for row in rows]),
        ],
        className="ranking",
    )
    return html.Div(table, className="wide-table", tabIndex="0", role="region",
                    **{"aria-label": "Bugs and issues, ranked"})  # fmt: skip


def _row(row: Mapping[str, Any], view: View) -> Component:
    tracker = TRACKERS.get(row["tracker"], row["tracker"])
    cases = counted(row["cases"], view.but(bug=(row["key"],)), words=f"Cases of {row['key']}")
    return html.Tr(
        [
            html.Th([tracker_link(row["tracker"], row["key"]), _under(tracker)], scope="row"),
            html.Td(_summary(row), className="summary", dir="auto"),
            html.Td([row["status"] or "–", _under(row["assignee"] or "nobody")], dir="auto"),
            html.Td([row["severity"] or "–", *_mismatch(row["mismatch"])], dir="auto"),
            html.Td(_target(row, view.tz), dir="auto"),
            html.Td(cases, className="number"),
            html.Td(f"{row['accounts']:,}", className="number"),
            html.Td(severity(row["worst"])),
            html.Td(f"{row['weight']:,}", className="number"),
            html.Td(f"{row['days_waited']:,.1f}", className="number"),
        ]
    )


def severity(number: int | None) -> Component:
    """A severity as its icon and word; a dash where it is not set."""
    if not number:
        return html.Span("–")
    return html.Span(SEVERITY_NAMES[number], className=f"severity severity-{number}")


def _under(words: str) -> Component:
    return html.Div(words, className="secondary")


def _summary(row: Mapping[str, Any]) -> list[Any]:
    told: list[Any] = [row["summary"] or "No summary known"]
    if row["restricted"]:
        tracker = TRACKERS.get(row["tracker"], row["tracker"])
        why = f"{tracker} does not let Caseboard see it; what is told may be old"
        told.append(html.Div(html.Span("restricted", className="flag", title=why)))
    if row["gone"]:
        told.append(html.Div(html.Span("no longer at its tracker", className="flag")))
    return told


def _mismatch(words: str | None) -> list[Component]:
    if not words:
        return []
    _bug, _, cases = words.partition("; ")
    return [html.Div(html.Span(f"but {cases}", className="flag mismatch", title=words))]


def _target(row: Mapping[str, Any], zone: str) -> list[Any]:
    told: list[Any] = [row["target"] or html.Span("no target", className="flag")]
    if row["slips"]:
        moved = "moved once" if row["slips"] == 1 else f"moved {row['slips']} times"
        moves = [html.Li(_move(move, zone)) for move in row["moves"]]
        told.append(html.Details([html.Summary(moved), html.Ul(moves)], className="moves"))
    return told


def _move(move: Mapping[str, Any], zone: str) -> str:
    when = day_words(datetime.fromisoformat(move["at"]), zone)
    return f"{move['from']} → {move['to'] or 'no target'}, {when}"
