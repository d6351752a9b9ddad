"""`/`: where the team stands."""

from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component
from sqlalchemy import func, select

from app.database import read
from app.metrics import CATALOGUE, WEEK, Count, count_values
from app.models import Case
from app.panel import answer
from app.panels import PANELS
from app.version import Version
from app.view import View
from app.words import day_words
from components.filterbar import filter_bar
from components.notices import notice
from components.panelcard import panel_card
from components.sample import first_minute
from components.tile import tile
from pages.page import Page

TILES = (
    "open_cases",
    "high_priority",
    "total_escalations",
    "opened_last_week",
    "closed_last_week",
    "no_updates",
    "no_bugs",
)
LAYOUT = (
    ("backlog", "wide"),
    ("by_severity", "narrow"),
    ("arrivals", "wide"),
    ("by_status", "narrow"),
    ("time_to_resolution", "half"),
    ("by_account", "half"),
)


def content(view: View, version: Version) -> list[Component]:
    """Tiles, then the panels."""
    if version.number == 0:
        return [first_minute()]
    instant = view.instant(datetime.now(UTC), version.changed_at)
    values = count_values(view, instant)
    before = count_values(view, instant - WEEK)
    tiles = []
    for name in TILES:
        metric = CATALOGUE[name]
        assert isinstance(metric, Count)  # noqa: S101 - TILES names counts only
        rows = metric.rows(view, instant)
        href = rows.url("/cases") if rows is not None else None
        tiles.append(tile(metric, values[name], before[name], href))
    panels = [
        panel_card(PANELS[name], answer(PANELS[name], view, instant, version), view, width)
        for name, width in LAYOUT
    ]
    return [
        filter_bar(view, "/"),
        *_past_instead(view, values["open_cases"]),
        html.Div(tiles, className="tiles"),
        html.Div(panels, className="panels"),
    ]


def _past_instead(view: View, open_cases: int) -> list[Component]:
    """Where nothing is open now, as after the import of an old log: the way to when it was."""
    if open_cases or view.as_of or view.filters():
        return []
    newest = read(select(func.max(Case.created_date).label("at")))["at"].iloc[0]
    then = view.but(as_of=newest.to_pydatetime())
    when = day_words(newest, view.tz)
    return [
        notice(
            "No case is open now",
            html.P(["The newest case is of ", dcc.Link(when, href=then.url("/")), ": look there."]),
        )
    ]


PAGE = Page("overview", "/", "Overview", content)
