"""One account or engineer: its numbers, charts, bugs and cases."""

from datetime import UTC, datetime

from dash import dcc, html
from dash.development.base_component import Component

from app.caselists import OF_ACCOUNT, OF_ENGINEER
from app.directory import is_known
from app.kpis import kpis
from app.panels import PANELS
from app.place import Place
from app.scope import Scope
from app.setting_values import SlaPolicy
from app.version import Version
from app.view import View
from app.who import ACCOUNTS, Who
from app.words import SEVERITY_NAMES, day_words
from components.bugcard import bug_card
from components.caselist import case_list_card
from components.filterbar import filter_bar
from components.notices import notice
from components.panelcard import panel_card
from components.tile import tiles

TILES = (
    "open_cases",
    "high_priority",
    "total_escalations",
    "breached",
    "opened_last_week",
    "closed_last_week",
    "no_updates",
)
FIRST = (
    ("backlog", "wide"),
    ("by_severity", "narrow"),
    ("arrivals", "wide"),
    ("by_status", "narrow"),
)
OTHERS = {"account": "by_engineer", "engineer": "by_account"}


def profile(who: Who, name: str, view: View, version: Version) -> list[Component]:
    """Everything about one, under the other filters of a View; a kind word for an unknown name."""
    path = who.page(name) or who.path
    place, rest = Place(path), view.but(**{who.field: ()})
    own = view.but(**{who.field: (name,)})
    scope = Scope.of(own, own.instant(datetime.now(UTC), version.changed_at), version)
    if not is_known(who, name, scope, version):
        return [_unknown(who, name, view)]
    layout = [
        *FIRST,
        ("by_age", "half"),
        (OTHERS[who.field], "half"),
        ("time_to_relief", "half tall"),
        ("time_to_resolution", "half tall"),
    ]
    return [
        filter_bar(rest, place),
        *_set_aside(who, view, place),
        html.P(_about(who, name, scope), className="secondary about", dir="auto"),
        tiles(kpis(TILES, scope, version)),
        html.Div(
            [
                *(panel_card(PANELS[panel], own, place, width) for panel, width in layout),
                bug_card(own, "full"),
                case_list_card(OF_ACCOUNT if who is ACCOUNTS else OF_ENGINEER, own, "full"),
            ],
            className="panels",
        ),
    ]


def _set_aside(who: Who, view: View, place: Place) -> list[Component]:
    """Says that a filter of the kind that the page is about has no say on it."""
    names = getattr(view, who.field)
    if not names:
        return []
    told = ", ".join(name or "not set" for name in names)
    drop = dcc.Link("Drop it", href=place.url(view.but(**{who.field: ()})))
    words = f"This page is about one {who.one}: the filter {who.one} “{told}” is left aside. "
    return [html.P([words, drop], className="aside", role="status", dir="auto")]


def _about(who: Who, name: str, scope: Scope) -> str:
    """For an account its SLA targets, for an engineer whose cases are meant."""
    if who is not ACCOUNTS:
        return who.meant
    policy = _policy(scope)
    told = _days(policy.accounts.get(name, policy.days))
    if name not in policy.accounts:
        return f"SLA targets: {told} (the general ones; this account has none of its own)."
    return f"SLA targets of its own: {told}. In general: {_days(policy.days)}."


def _policy(scope: Scope) -> SlaPolicy:
    """The policy in force at the instant."""
    spans = scope.board.policies
    begun = [span for span in spans if span.start is None or span.start <= scope.instant]
    return (begun or spans)[-1].policy


def _days(targets: tuple[float, ...]) -> str:
    return ", ".join(
        f"{SEVERITY_NAMES[number]} {days:g} d" for number, days in enumerate(targets, start=1)
    )


def _unknown(who: Who, name: str, view: View) -> Component:
    when = f" on {day_words(view.as_of, view.tz)}" if view.as_of else ""
    alone = View(as_of=view.as_of, tz=view.tz)
    ways = [html.Li(dcc.Link(f"All {who.many}", href=alone.url(who.path)))]
    if view.as_of:
        now = View(tz=view.tz).url(who.page(name) or who.path)
        ways.append(html.Li(dcc.Link("Look at it as it is now", href=now)))
    ways.append(
        html.Li(dcc.Link("Search the cases for this name", href=_search(name, alone).url("/cases")))
    )
    return notice(
        f"No {who.one} of this name",
        html.P(
            [f"No case belonged{when} to " if when else "No case belongs to ",
             html.Bdi(name[:200]), ". Names count letter by letter, capitals too."]
        ),
        html.Ul(ways),
    )  # fmt: skip


def _search(name: str, alone: View) -> View:
    return alone.but(q=" ".join(name.split())[:100], state="all")
