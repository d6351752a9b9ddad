"""`/bugs`: the bugs and issues behind the cases, by what they hold up."""

from collections.abc import Callable
from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component

from app.panels import PANELS
from app.place import Place
from app.ranked import RankedPage, ranked_page
from app.ranking import TRACKERS, Ranking
from app.scope import Scope
from app.version import Version
from app.view import View
from components.bugranking import ranking_table
from components.filterbar import filter_bar
from components.notices import notice
from components.pager import pager
from components.panelcard import panel_card
from components.sample import first_minute
from pages.page import Page

PATH = "/bugs"
TOGGLES = (
    ("target", "none", "Without target", "n_target"),
    ("mismatch", "yes", "Severity mismatch", "n_mismatch"),
    ("restricted", "yes", "Restricted", "n_restricted"),
    *(("tracker", name, label, f"n_tracker_{name}") for name, label in TRACKERS.items()),
)


def content(view: View, version: Version, own: Ranking) -> list[Component]:
    """The panel of the longest waits, then the ranking."""
    if version.number == 0:
        return [first_minute()]
    scope = Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version)
    found = ranked_page(scope, own, version)

    def url(ranking: Ranking) -> str:
        return Place(PATH, own=ranking.to_query()).url(view)

    panel = panel_card(PANELS["holds_up"], view, Place(PATH), "full")
    nothing = not found.rows and not own.filters() and own.page == 1
    return [
        filter_bar(view, Place(PATH, own=own.but().to_query())),
        *([] if nothing else [html.Div([panel], className="panels")]),
        html.Section(
            [
                html.H2("Bugs and issues behind these cases"),
                _tools(view, own, found, url),
                *_list(view, own, found, url),
            ],
            className="card sync-card",
        ),
    ]


def _tools(view: View, own: Ranking, found: RankedPage, url: Callable[[Ranking], str]) -> Component:
    """The filters of bugs with what each would show, how many are shown, and the file."""
    toggles = []
    for name, value, label, number in TOGGLES:
        on = getattr(own, name) == value
        toggles.append(
            dcc.Link(
                [f"✓ {label}" if on else label, html.B(f"{found.numbers[number]:,}")],
                href=url(own.but(**{name: "" if on else value})),
                className="button toggle on" if on else "button toggle",
                title=f"Show all again: {label}" if on else f"Show only: {label}",
            )
        )
    total = found.numbers["total"]
    file = Place("/api/v1/bugs.csv", own=own.but().to_query()).url(view)
    words = f"{total:,} bug or issue" if total == 1 else f"{total:,} bugs and issues"
    return html.Div(
        [
            *toggles,
            html.Span(words, className="count"),
            html.A("CSV", href=file, className="button", title="Download the whole list"),
        ],
        className="list-tools",
    )


def _list(
    view: View, own: Ranking, found: RankedPage, url: Callable[[Ranking], str]
) -> list[Component]:
    if not found.rows:
        return [_empty(view, own, url)]
    told = (
        "Waited: how long the cases together have waited on engineering since they were linked. "
        f"Times in {view.tz}."
    )
    return [
        ranking_table(found.rows, view, own, url),
        html.P(told, className="secondary"),
        html.Div(pager(own.page, found.pages, lambda page: url(own.but(page=page)))),
    ]


def _empty(view: View, own: Ranking, url: Callable[[Ranking], str]) -> Component:
    if own.page > 1:
        first = dcc.Link("Go to the first page", href=url(own.but()))
        return notice("The list has no such page", html.P(first))
    if own.filters():
        every = url(Ranking(sort=own.sort))
        back = html.P(dcc.Link("Show all bugs of these cases", href=every))
        return notice("No bug is like that", "None of the bugs behind these cases is.", back)
    told = f"None of the {view.sentence()} is linked to a bug or issue."
    return notice("No bugs here", told)


PAGE = Page("bugs", PATH, "Bugs", content, own=Ranking.taken)
