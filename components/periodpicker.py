"""Choosing a period: a few of them by one click, any other by its two instants."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app.period import LONGEST, Period, local_day, midnight
from app.place import Place
from app.report.words import period_words
from app.view import View
from app.view_fields import ParameterError, parse_instant
from components.filterbar import asked, search_of


def period_picker(view: View, place: Place, shown: Period, instant: datetime) -> Component:
    """The period shown in words, the ready-made ones, and two fields for any other."""
    start, end = shown.filled()
    monday = local_day(instant, view.tz)
    monday -= timedelta(days=monday.weekday())
    week = midnight(monday, view.tz)
    before = midnight(monday - timedelta(days=7), view.tz)
    ready = (
        ("Last 7 days", Period()),
        ("This week so far", Period(week)),
        ("Last week", Period(before, week)),
    )
    links = [
        dcc.Link(
            name,
            href=Place(place.path, period).url(view),
            className="button current" if place.period == period else "button",
        )
        for name, period in ready
    ]
    return html.Div(
        [
            html.Strong(period_words(start, end, view.tz), className="period-words"),
            html.Div(links, className="row", role="group", **{"aria-label": "Periods"}),
            _form(start, end, view.tz),
        ],
        className="periodpicker",
    )


def _form(start: datetime, end: datetime, zone: str) -> Component:
    return html.Details(
        [
            html.Summary("Other period", className="button"),
            html.Div(
                [
                    html.Label(f"From ({zone})", htmlFor="period-from"),
                    dcc.Input(id="period-from", type="text", value=_local(start, zone)),
                    html.Label(f"To ({zone}), not included", htmlFor="period-to"),
                    dcc.Input(id="period-to", type="text", value=_local(end, zone)),
                    html.P("A day, such as 2026-01-31, or with its time: 2026-01-31 09:30",
                           className="secondary"),
                    html.Button("Show", id="period-apply", className="primary", n_clicks=0),
                    html.P("", id="period-fault", role="alert", className="fault"),
                ],
                className="popover",
            ),
        ],
        className="menu",
    )  # fmt: skip


def _local(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return (
        f"{local:%Y-%m-%d}" if (local.hour, local.minute) == (0, 0) else f"{local:%Y-%m-%d %H:%M}"
    )


# Dash calls this also when a page brings the button: nobody has clicked then.
@callback(
    Output("url", "search", allow_duplicate=True),
    Output("period-fault", "children"),
    Input("period-apply", "n_clicks"),
    State("period-from", "value"),
    State("period-to", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def choose(clicks: Any, start: Any, end: Any, query: Any) -> tuple[Any, str]:
    """Show the period between two instants, or say what is wrong with them."""
    view = asked(query)
    if not clicks or view is None:
        return no_update, ""
    try:
        first = parse_instant("From", str(start or ""), view.tz)
        last = parse_instant("To", str(end or ""), view.tz)
    except ParameterError as fault:
        return no_update, f"{fault}."
    if first >= last:
        return no_update, "The end has to be after the start."
    if last - first > LONGEST:
        return no_update, f"A period is at most {LONGEST.days:,} days long."
    return search_of(view, Period(first, last).to_query()), ""
