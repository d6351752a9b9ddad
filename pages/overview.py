"""`/`: where the team stands."""

from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component
from sqlalchemy import func, select

from app.caselists import AT_RISK, NEW, CaseList
from app.database import read
from app.kpis import kpis
from app.models import Case
from app.panel import Panel
from app.panels import PANELS
from app.place import Place
from app.scope import Scope
from app.version import Version
from app.view import View
from app.words import day_words
from components.caselist import case_list_card
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
LAYOUT: tuple[tuple[Panel | CaseList, str], ...] = (
    (PANELS["backlog"], "wide"),
    (PANELS["by_severity"], "narrow"),
    (AT_RISK, "wide"),
    (PANELS["by_age"], "narrow"),
    (PANELS["arrivals"], "wide"),
    (PANELS["by_card_status"], "narrow"),
    (NEW, "wide"),
    (PANELS["by_status"], "narrow"),
    (PANELS["by_account"], "half tall"),
    (PANELS["by_engineer"], "half tall"),
)


def content(view: View, version: Version) -> list[Component]:
    """Tiles, then what is open, what runs out of time, what comes and goes, and what is new."""
    if version.number == 0:
        return [first_minute()]
    scope = Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version)
    told = kpis(TILES, scope, version)
    return [
        filter_bar(view, PLACE),
        *_past_instead(view, told[0].value),
        tiles(told),
        html.Div(
            [_card(told, view, width) for told, width in LAYOUT],
            className="panels",
        ),
    ]


def _card(told: Panel | CaseList, view: View, width: str) -> Component:
    if isinstance(told, CaseList):
        return case_list_card(told, view, width)
    return panel_card(told, view, PLACE, width)


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
