"""The usual periods of a page, one click each; the address may name any other."""

from datetime import datetime, timedelta

from dash import dcc, html
from dash.development.base_component import Component

from app.period import Period, local_day, midnight
from app.place import Place
from app.scope import DAYS_SHOWN
from app.view import View
from app.words import period_words

LENGTHS = {30: "30 days", 90: "90 days", DAYS_SHOWN: "1 year", 2 * DAYS_SHOWN: "2 years"}


def period_links(view: View, place: Place, instant: datetime, first: datetime | None) -> Component:
    """Links to the last days up to an instant, and the period that is shown in words.

    `first` is when the board begins (`Version.first`).
    """
    shown = place.period.within(instant, view.tz, DAYS_SHOWN, first).filled()
    last = local_day(instant, view.tz)
    links = []
    for days, words in LENGTHS.items():
        start = midnight(last - timedelta(days=days - 1), view.tz)
        period = Period() if days == DAYS_SHOWN else Period(start)
        current = period.within(instant, view.tz, DAYS_SHOWN, first).filled() == shown
        links.append(
            dcc.Link(
                words,
                href=Place(place.path, period).url(view),
                className="button current" if current else "button",
            )
        )
    told = html.Span(period_words(*shown, view.tz), className="secondary")
    return html.Nav([*links, told], className="periods", **{"aria-label": "Period"})
