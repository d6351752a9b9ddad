"""`/cases`: the case table."""

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from app.database import read, snapshot
from app.selection import counts
from app.version import Version
from app.view import View
from app.words import FIELD_LABELS
from components.casegrid import case_grid, column_menu
from components.filterbar import dropped, filter_bar
from components.notices import nothing_matches
from components.sample import first_minute
from pages.page import Page

PATH = "/cases"


def content(view: View, version: Version) -> list[Component]:
    """The count, the tools and the grid."""
    if version.number == 0:
        return [first_minute()]
    instant = view.instant(datetime.now(UTC), version.changed_at)
    everything = View(state="all", as_of=view.as_of, tz=view.tz)
    with snapshot() as connection:
        found = read(counts({"shown": view, "all": everything}, instant), connection=connection)
        shown, total = (int(number) for number in found.iloc[0])
        ways = _ways_back(view, instant) if not shown else []
    head = html.Div(
        [
            html.P(
                [html.Strong(f"{shown:,}"), f" of {total:,} cases"],
                className="count",
                role="status",
            ),
            column_menu(view),
            html.Button("Density", id="density", className="button", n_clicks=0),
            html.A("CSV", id="csv", href=view.url("/api/v1/cases.csv"), className="button"),
        ],
        className="tablehead",
    )
    body = case_grid(view, shown) if shown else nothing_matches(view, PATH, ways)
    return [filter_bar(view, PATH), head, body]


def _ways_back(view: View, instant: datetime) -> list[tuple[str, int, View]]:
    """Which single filter's removal brings rows back, and how many."""
    others = {name: dropped(view, name) for name in view.filters()}
    if not view.filters().get("state"):
        others["state"] = view.but(state="all")
    found = read(counts(others, instant)).iloc[0]
    return [
        (FIELD_LABELS[name].lower(), int(found[name]), other)
        for name, other in others.items()
        if int(found[name])
    ]


PAGE = Page("cases", PATH, "Cases", content)
