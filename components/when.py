"""When and where: the instant that everything is shown at, and the time zone."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import (
    ClientsideFunction,
    Input,
    Output,
    State,
    callback,
    clientside_callback,
    dcc,
    html,
    no_update,
)
from dash.development.base_component import Component

from app.place import Place
from app.view import View
from app.view_fields import ParameterError
from app.words import day_words
from components.filterbar import asked, search_of


def as_of_menu(view: View, place: Place) -> Component:
    """The chip of the instant, amber when it is not now, and the way to another one."""
    now = not view.as_of
    words = "Now" if view.as_of is None else day_words(view.as_of, view.tz)
    local = view.instant(datetime.now(UTC)).astimezone(ZoneInfo(view.tz))
    picker = dcc.DatePickerSingle(
        id="as-of-date", date=local.date().isoformat(), display_format="YYYY-MM-DD"
    )
    back = dcc.Link("Back to now", href=place.url(view.but(as_of=None)))
    return html.Details(
        [
            html.Summary(
                [html.Span(className="icon icon-clock"), html.Span(words)],
                className="button" if now else "button past",
                title="The instant that everything is shown at",
            ),
            html.Div(
                [
                    html.Label("Show everything as it was at the start of", htmlFor="as-of-date"),
                    picker,
                    html.Button("Go there", id="as-of-apply", className="primary", n_clicks=0),
                    *([] if now else [html.P(back)]),
                ],
                className="popover",
            ),
        ],
        className="menu as-of",
    )


def past_banner(view: View, place: Place) -> Component | str:
    """Says on every page that it shows the past, and leads back."""
    if view.as_of is None:
        return ""
    return html.Div(
        [
            html.Span(className="icon icon-clock"),
            html.Span(f"Everything is shown as known on {day_words(view.as_of, view.tz)}."),
            dcc.Link("Back to now", href=place.url(view.but(as_of=None))),
        ],
        className="past-banner",
        role="status",
    )


def zone_menu(view: View) -> Component:
    """The time zone in force, and the way to another one."""
    return html.Details(
        [
            html.Summary(
                view.tz.replace("_", " "),
                className="button",
                title="The time zone shown and counted in",
            ),
            html.Div(
                [
                    html.Label("Time zone", htmlFor="zone"),
                    dcc.Input(id="zone", list="zones", value=view.tz, type="text"),
                    html.Button("Use this zone", id="zone-apply", className="primary", n_clicks=0),
                    html.Button("Use my own", id="zone-own", className="quiet", n_clicks=0),
                    html.P("", id="zone-fault", role="alert", className="fault"),
                ],
                className="popover",
            ),
        ],
        className="menu zone",
    )


# Dash calls these also when a page brings their buttons: nobody has clicked then.
@callback(
    Output("url", "search", allow_duplicate=True),
    Input("as-of-apply", "n_clicks"),
    State("as-of-date", "date"),
    State("view", "data"),
    State("period", "data"),
    prevent_initial_call=True,
)
def go_to(clicks: Any, date: Any, query: Any, period: Any) -> Any:
    """Turn everything to the start of a day in the View's zone."""
    view = asked(query)
    if not clicks or view is None or not isinstance(date, str):
        return no_update
    try:
        moved = View.from_values({"as_of": [date[:10]], "tz": [view.tz]})
    except ParameterError:
        return no_update
    return search_of(view.but(as_of=moved.as_of), period)


@callback(
    Output("url", "search", allow_duplicate=True),
    Output("zone-fault", "children"),
    Input("zone-apply", "n_clicks"),
    State("zone", "value"),
    State("view", "data"),
    State("period", "data"),
    prevent_initial_call=True,
)
def set_zone(clicks: Any, zone: Any, query: Any, period: Any) -> tuple[Any, str]:
    """Show and count in another time zone."""
    view = asked(query)
    if not clicks or view is None or not isinstance(zone, str):
        return no_update, ""
    try:
        asked_zone = View.from_values({"tz": [zone.strip()]}).tz
    except ParameterError as error:
        return no_update, f"{error.fault}."
    return search_of(view.but(tz=asked_zone), period), ""


clientside_callback(
    ClientsideFunction("caseboard", "ownZone"),
    Output("zone", "value"),
    Input("zone-own", "n_clicks"),
    prevent_initial_call=True,
)
