"""The period that a page looks at, and what it is compared with; the address is the only state."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app.period import COMPARISONS, Period, local_day, midnight
from app.place import Place
from app.scope import DAYS_SHOWN
from app.version import Version
from app.view import View
from app.view_fields import ParameterError
from app.words import MONTHS
from components.filterbar import asked, search_of

PRESETS = (30, 90, DAYS_SHOWN)
COMPARED = {"": "Nothing", "previous": "The period before", "year": "A year before"}


def days_picker(
    view: View, place: Place, instant: datetime, version: Version, *, compare: bool = True
) -> Component:
    """The usual periods as links, two dates of one's own, and the comparison where there is one."""
    shown = place.period.within(instant, view.tz, DAYS_SHOWN, version.first)
    start, end = shown.filled()
    first, last = local_day(start, view.tz), local_day(end - timedelta(microseconds=1), view.tz)
    chosen = [
        _choice(label, period, view, place)
        for label, period in _periods(view, instant, version.first, place.period)
    ]
    compared = [
        _choice(label, Period(place.period.start, place.period.end, name), view, place)  # type: ignore[arg-type]
        for name, label in COMPARED.items()
    ]
    return html.Div(
        [
            _segments("Period", chosen),
            _dates(first, last),
            *([_segments("Compare with", compared)] if compare else []),
        ],
        className="dayspicker",
        role="region",
        **{"aria-label": "Period"},
    )


def _periods(
    view: View, instant: datetime, first: datetime | None, now: Period
) -> list[tuple[str, Period]]:
    """The usual periods, each up to the instant, however it moves."""
    today = local_day(instant - timedelta(microseconds=1), view.tz)
    told = [
        (
            f"{days} days",
            Period(
                None if days == DAYS_SHOWN else _from(today - timedelta(days=days - 1), view),
                None,
                now.compare,
            ),
        )
        for days in PRESETS
    ]
    told.append(
        ("This year", Period(_from(today.replace(month=1, day=1), view), None, now.compare))
    )
    if first is not None:
        oldest = min(local_day(first, view.tz), today)
        told.append(("All", Period(_from(oldest, view), None, now.compare)))
    return told


def _from(day: date, view: View) -> datetime:
    return midnight(day, view.tz)


def _choice(label: str, period: Period, view: View, place: Place) -> Component:
    current = period == place.period
    return html.Li(
        dcc.Link(
            label,
            href=Place(place.path, period).url(view),
            className="current" if current else "",
        ),
        **{"aria-current": "true"} if current else {},
    )


def _segments(label: str, choices: list[Component]) -> Component:
    return html.Div(
        [html.Span(label, className="segments-label"), html.Ul(choices, className="segments")],
        className="segments-box",
    )


def _dates(first: date, last: date) -> Component:
    """Two dates of one's own; both belong to the period."""
    return html.Details(
        [
            html.Summary(_span(first, last), className="button", title="Choose two dates"),
            html.Div(
                [
                    html.Label("First day", htmlFor="days-first"),
                    dcc.DatePickerSingle(
                        id="days-first", date=first.isoformat(), display_format="YYYY-MM-DD"
                    ),
                    html.Label("Last day", htmlFor="days-last"),
                    dcc.DatePickerSingle(
                        id="days-last", date=last.isoformat(), display_format="YYYY-MM-DD"
                    ),
                    html.Button("Show", id="days-apply", className="primary", n_clicks=0),
                    html.P("", id="days-fault", role="alert", className="fault"),
                ],
                className="popover",
            ),
        ],
        className="menu period",
    )


def _span(first: date, last: date) -> str:
    """`1 January to 25 November 2026`, without what both have in common."""
    end = f"{last.day} {MONTHS[last.month - 1]} {last.year}"
    if first == last:
        return end
    month = (
        f" {MONTHS[first.month - 1]}"
        if (first.year, first.month) != (last.year, last.month)
        else ""
    )
    year = f" {first.year}" if first.year != last.year else ""
    return f"{first.day}{month}{year} to {end}"


# Dash calls this also when a page brings the button: nobody has clicked then.
@callback(
    Output("url", "search", allow_duplicate=True),
    Output("days-fault", "children"),
    Input("days-apply", "n_clicks"),
    State("days-first", "date"),
    State("days-last", "date"),
    State("view", "data"),
    State("period", "data"),
    prevent_initial_call=True,
)
def choose(clicks: Any, first: Any, last: Any, query: Any, period: Any) -> tuple[Any, str]:
    """Put two dates into the address, or say what is wrong with them."""
    view = asked(query)
    if not clicks or view is None:
        return no_update, ""
    try:
        start, end = date.fromisoformat(str(first)[:10]), date.fromisoformat(str(last)[:10])
        if start > end:
            return no_update, "The last day comes before the first one."
        values = {
            "from": [start.isoformat()],
            "to": [(end + timedelta(days=1)).isoformat()],
            "compare": _compare(period),
        }
        chosen = Period.taken(values, view.tz)
    except ParameterError as error:
        return no_update, f"{error.fault}."
    except (ValueError, OverflowError):
        return no_update, "Choose two dates."
    return search_of(view, chosen.to_query()), ""


def _compare(period: Any) -> list[str]:
    told = parse_qs(period).get("compare", [""]) if isinstance(period, str) else [""]
    return told if told[0] in COMPARISONS else [""]
