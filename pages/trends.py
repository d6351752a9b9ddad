"""`/trends`: how every number ran, day by day; and the time machine."""

from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from app.old_statistics import told_in
from app.panels import PANELS
from app.period import Period
from app.place import Place
from app.scope import Scope
from app.version import Version
from app.view import View
from components.annotationlist import annotation_list
from components.dayspicker import days_picker
from components.filterbar import filter_bar
from components.panelcard import panel_card
from components.sample import first_minute
from components.timemachine import time_machine
from pages.page import Page

PATH = "/trends"
FIRST = ("open_work", "full")
LAYOUT = (
    ("turnover", "half"),
    ("attention", "half"),
    ("sla_days", "half"),
    ("bugs_behind", "half"),
    ("cumulative_flow", "full"),
    ("daily_milestones", "full"),
    ("daily_severity", "half"),
    ("daily_status", "half"),
    ("daily_account", "half"),
    ("daily_engineer", "half"),
    ("daily_product", "half"),
    ("daily_card_status", "half"),
)
# Only where a system before this one has counted.
OLD = ("old_statistics", "full")


def content(view: View, version: Version, period: Period) -> list[Component | str]:
    """The period, the time machine, the chart of all open work, what is noted, and the rest."""
    if version.number == 0:
        return [first_minute()]
    place = Place(PATH, period)
    instant = view.instant(datetime.now(UTC), version.changed_at)

    scope = Scope.of(view, instant, version, period)
    layout = (*LAYOUT, OLD) if told_in(scope, version) else LAYOUT

    def card(name: str, width: str) -> Component:
        return panel_card(PANELS[name], view, place, width)

    return [
        filter_bar(view, place),
        days_picker(view, place, instant, version),
        time_machine(view, place, version),
        html.Div(
            [card(*FIRST), annotation_list(view, instant), *(card(*one) for one in layout)],
            className="panels",
        ),
    ]


PAGE = Page("trends", PATH, "Trends", content, period=True)
