"""`/`: where the team stands."""

from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component
from sqlalchemy import func, select

from app.database import read
from app.kpis import kpis
from app.models import Case
from app.panels import PANELS
from app.place import Place
from app.scope import Scope
from app.version import Version
from app.view import View
from app.words import day_words
from components.filterbar import filter_bar
from components.notices import notice
from components.panelcard import panel_card
from components.sample import first_minute
from components.tile import tiles
from pages.page import Page

PLACE = Place("/")
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
    ("by_card_status", "narrow"),
    ("by_age", "half"),
    ("time_to_resolution", "half"),
    ("by_account", "half"),
    ("by_status", "half"),
)


def content(view: View, version: Version) -> list[Component]:
    """Tiles, then the panels, then what is at risk and what is new."""
    if version.number == 0:
        return [first_minute()]
    scope = Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version)
    told = kpis(TILES, scope, version)
    return [
        filter_bar(view, PLACE),
        *_past_instead(view, told[0].value),
        tiles(told),
        html.Div(
            [panel_card(PANELS[name], view, PLACE, width) for name, width in LAYOUT],
            className="panels",
        ),
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
