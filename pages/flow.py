"""`/flow`: how long cases take, and what slows them down."""

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from app.panels import PANELS
from app.period import Period
from app.place import Place
from app.version import Version
from app.view import View
from components.dayspicker import days_picker
from components.filterbar import filter_bar
from components.panelcard import panel_card
from components.sample import first_minute
from pages.page import Page

PATH = "/flow"
LAYOUT = (
    ("control", "full tall"),
    ("time_to_relief", "wide tall"),
    ("survival_relief", "narrow tall"),
    ("time_to_resolution", "wide tall"),
    ("survival_resolution", "narrow tall"),
    ("time_to_close", "wide tall"),
    ("survival_close", "narrow tall"),
    ("ageing", "wide tall"),
    ("waiting", "narrow tall"),
    ("reopen_rate", "half"),
    ("reopened", "half"),
)


def content(view: View, version: Version, period: Period) -> list[Component]:
    """The control chart, how long each milestone takes, what is open and what came back."""
    if version.number == 0:
        return [first_minute()]
    place = Place(PATH, period)
    instant = view.instant(datetime.now(UTC), version.changed_at)
    return [
        filter_bar(view, place),
        days_picker(view, place, instant, version, compare=False),
        html.Div(
            [panel_card(PANELS[name], view, place, width) for name, width in LAYOUT],
            className="panels",
        ),
    ]


def sentence(view: View) -> str:
    """The page is about open and closed cases, whichever state the View names."""
    return view.but(state="all").sentence()


PAGE = Page("flow", PATH, "Flow", content, sentence, period=True)
