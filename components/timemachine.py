"""The slider that turns everything to the end of a day between the first case and today."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app.panels.backlog import day_name, end_of_day
from app.period import local_day
from app.place import Place
from app.version import Version
from app.view import View
from components.filterbar import asked, search_of

# How far the buttons go, in days, and their words.
STEPS = ((-30, "− 30 days"), (-7, "− 7 days"), (-1, "− 1 day"))


def time_machine(view: View, place: Place, version: Version) -> Component | str:
    """The slider, its steps and what it shows; nothing where there are no days to go to."""
    now = datetime.now(UTC)
    today = local_day(now, view.tz)
    if version.first is None:
        return ""
    first = min(local_day(version.first, view.tz), today)
    here = min(max(local_day(view.as_of, view.tz) if view.as_of else today, first), today)
    back = [_step(here, days, words, first, today, view, place) for days, words in STEPS]
    on = [
        _step(here, -days, words.replace("−", "+"), first, today, view, place)
        for days, words in reversed(STEPS)
    ]
    return html.Section(
        [
            html.Label("Time machine", htmlFor="as-of-range", className="machine-name"),
            html.Div(back, className="machine-steps"),
            html.Div(
                [
                    dcc.Input(
                        id="as-of-range",
                        type="range",
                        min=0,
                        max=(today - first).days,
                        step=1,
                        value=(here - first).days,
                    ),
                    html.Div(
                        [html.Span(day_name(first)), html.Span(f"Today, {day_name(today)}")],
                        className="machine-ends",
                    ),
                ],
                className="machine-range",
            ),
            html.Div(on, className="machine-steps"),
            html.Output(
                _words(here, today),
                id="as-of-told",
                className="machine-day",
                htmlFor="as-of-range",
            ),
            dcc.Store(id="as-of-day"),
        ],
        className="card machine",
        id="machine",
        **{"data-first": first.isoformat(), "data-last": today.isoformat()},
    )


def _words(here: date, today: date) -> str:
    return "Now" if here == today else f"End of {day_name(here)}"


def _step(
    here: date, days: int, words: str, first: date, today: date, view: View, place: Place
) -> Component:
    there = min(max(here + timedelta(days=days), first), today)
    if there == here:
        return html.Span(words, className="button idle", **{"aria-disabled": "true"})
    return dcc.Link(words, href=place.url(turned(view, there)), className="button")


def turned(view: View, day: date) -> View:
    """The View as of the end of a day in its zone; as of now where that is not over yet."""
    end = end_of_day(day, view.tz)
    return view.but(as_of=None if end >= datetime.now(UTC) else end)


@callback(
    Output("url", "search", allow_duplicate=True),
    Input("as-of-day", "data"),
    State("view", "data"),
    State("period", "data"),
    prevent_initial_call=True,
)
def turn(day: Any, query: Any, period: Any) -> Any:
    """Turn everything to the end of the day that the slider was left at."""
    view = asked(query)
    try:
        wanted = date.fromisoformat(day[:10]) if isinstance(day, str) else None
    except ValueError:
        wanted = None
    if view is None or wanted is None or not 1900 <= wanted.year <= 2200:
        return no_update
    return search_of(turned(view, wanted), period)
