"""The slider that turns everything to the end of a day between the first case and today."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app.panels.backlog import day_name, end_of_day
from app.period import TICK, local_day, midnight
from app.place import Place
from app.version import Version
from app.view import View
from app.words import day_words
from components.filterbar import asked, search_of

STEPS = ("month", "week", "day")


def time_machine(view: View, place: Place, version: Version) -> Component | str:
    """The slider, its steps and what it shows; nothing where there are no days to go to."""
    now = datetime.now(UTC)
    today = local_day(now, view.tz)
    if version.first is None:
        return ""
    first = min(local_day(version.first, view.tz), today)
    # What is known at a midnight is what was known at the end of the day before.
    looked_at = local_day(view.as_of - TICK, view.tz) if view.as_of else today
    here = min(max(looked_at, first), today)

    def step(name: str, sign: int) -> Component:
        there = min(max(_moved(here, name, sign), first), today)
        words = f"← {name}" if sign < 0 else f"{name} →"
        told = f"One {name} {'back' if sign < 0 else 'on'}"
        if there == here:
            return html.Span(words, className="button idle", title=told)
        href = place.url(turned(view, there))
        return dcc.Link(words, href=href, className="button", title=told)

    back = [step(name, -1) for name in STEPS]
    on = [step(name, 1) for name in reversed(STEPS)]
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
                _words(view),
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


def _words(view: View) -> str:
    """The instant looked at: now, the end of a day, or any other."""
    if view.as_of is None:
        return "Now"
    day = local_day(view.as_of - TICK, view.tz)
    ended = view.as_of + TICK >= midnight(day + timedelta(days=1), view.tz)
    return f"End of {day_name(day)}" if ended else day_words(view.as_of, view.tz)


def _moved(day: date, step: str, sign: int) -> date:
    """A day, a week or a calendar month on or back; the last day of a month that is too short."""
    if step != "month":
        return day + sign * timedelta(days=7 if step == "week" else 1)
    year, month = divmod(day.year * 12 + day.month - 1 + sign, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


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
