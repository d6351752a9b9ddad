"""`/trending`: the cases whose card has the label Trends."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from app.place import Place
from app.scope import Scope
from app.trending import CASES_SHOWN, GROUPS_SHOWN, LABEL, By, Group, trending, trending_view
from app.version import Version
from app.view import View
from app.view_fields import ParameterError
from components.bugranking import severity
from components.filterbar import filter_bar
from components.notices import notice
from components.number import counted
from components.sample import first_minute
from components.shell import case_path
from components.text import moment
from pages.page import Page

PATH = "/trending"
LONGEST_COMMENT = 120


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what the cases are grouped."""

    by: By = "product"

    @classmethod
    def taken(cls, values: dict[str, list[str]]) -> Self:
        """Take `by` out of an address's parameters; ParameterError for a bad one."""
        told = values.pop("by", ["product"])
        if told == ["product"]:
            return cls("product")
        if told == ["account"]:
            return cls("account")
        raise ParameterError("by", "must be product or account")

    def to_query(self) -> str:
        """The part of a query string that says this; empty for the default."""
        return "" if self.by == "product" else urlencode({"by": self.by})


def content(view: View, version: Version, own: Grouping) -> list[Component]:
    """The groups, most cases first, each with its latest updated cases."""
    if version.number == 0:
        return [first_minute()]
    scope = Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version)
    groups = trending(scope, own.by, version)
    place = Place(PATH, own=own.to_query())
    return [
        filter_bar(view, place),
        html.Div([_ways(view, own), *([_more()] if len(groups) == GROUPS_SHOWN else [])],
                 className="list-tools"),
        *(_group(group, own.by, view) for group in groups),
        *([] if groups else [_empty()]),
    ]  # fmt: skip


def sentence(view: View) -> str:
    """The trending cases of the View."""
    asked = trending_view(view)
    return (asked or view).sentence()


def _ways(view: View, own: Grouping) -> Component:
    ways = []
    for by in ("product", "account"):
        href = Place(PATH, own=Grouping(by).to_query()).url(view)
        on = own.by == by
        ways.append(
            dcc.Link(
                f"{'✓ ' if on else ''}By {by}",
                href=href,
                className="button toggle on" if on else "button toggle",
            )
        )
    return html.Nav(ways, className="list-tools", **{"aria-label": "Group by"})


def _more() -> Component:
    return html.Span(f"The {GROUPS_SHOWN} largest groups are shown.", className="secondary")


def _empty() -> Component:
    told = f"No case of this view has a card with the label {LABEL}."
    return notice("Nothing is trending", told)


def _group(group: Group, by: By, view: View) -> Component:
    rows = trending_view(view)
    asked = getattr(view, by)
    value = group.value or ""
    chosen = rows.but(**{by: (value,)}) if rows and (not asked or value in asked) else None
    opened = chosen.but(state="open") if chosen else None
    heads = ("Case", "Severity", "Summary", "Status", "First comment", "Latest comment", "Age")
    shown = f", the {CASES_SHOWN} latest updated" if group.cases > CASES_SHOWN else ""
    cells = [html.Th(name, scope="col", className="number" if name == "Age" else "")
             for name in heads]  # fmt: skip
    table = html.Table(
        [html.Thead(html.Tr(cells)), html.Tbody([_row(row, view) for row in group.rows])],
        className="entries",
    )
    return html.Section(
        [
            html.H2(group.value or f"No {by}", dir="auto"),
            html.P(
                [
                    counted(group.cases, chosen),
                    " cases, ",
                    counted(group.open_cases, opened),
                    f" of them open{shown}",
                ],
                className="secondary",
            ),
            html.Div(table, className="wide-table", tabIndex="0", role="region",
                     **{"aria-label": f"Trending cases of {group.value or 'none'}"}),
        ],
        className="card sync-card",
    )  # fmt: skip


def _row(row: dict[str, Any], view: View) -> Component:
    place = View(as_of=view.as_of, tz=view.tz)
    number = dcc.Link(row["number"], href=place.url(case_path(row["number"])))
    return html.Tr(
        [
            html.Th(number, scope="row"),
            html.Td(severity(row["severity"])),
            html.Td(row["summary"] or "–", className="summary", dir="auto"),
            html.Td(row["status"] or "–", dir="auto"),
            html.Td(_comment(row["first_text"], row["first_at"], view.tz), dir="auto"),
            html.Td(_comment(row["latest_text"], row["latest_at"], view.tz), dir="auto"),
            html.Td(f"{row['age_days']:,} d", className="number"),
        ]
    )


def _comment(text: str | None, at: str | None, zone: str) -> list[Any]:
    if at is None:
        return ["–"]
    words = " ".join((text or "").split())
    cut = words if len(words) <= LONGEST_COMMENT else f"{words[:LONGEST_COMMENT]}…"
    return [html.Div(moment(datetime.fromisoformat(at), zone), className="secondary"), cut]


PAGE = Page("trending", PATH, "Trending", content, sentence=sentence, own=Grouping.taken)
