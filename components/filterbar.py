"""The filters in force as chips, and the form that adds one; the URL is the only state."""

from datetime import UTC, datetime
from typing import Any

from dash import Input, Output, State, callback, dcc, html, no_update
from dash.development.base_component import Component

from app.facets import ALONE, TOGETHER, values_of
from app.place import Place
from app.version import data_version
from app.view import View
from app.view_fields import ParameterError
from app.words import FIELD_LABELS, SEVERITY_NAMES, SLA_NAMES, WAITING_NAMES, value_words

# Filters whose values are offered with their counts.
OFFERED = (*TOGETHER, *ALONE)
FIXED: dict[str, list[tuple[str, str]]] = {
    "state": [("open", "Open"), ("closed", "Closed"), ("all", "Open and closed"), ("gone", "Gone")],
    "card": [
        ("none", "Without card"),
        ("open", "Card not done"),
        ("done", "Card done"),
        ("several", "Two cards or more"),
    ],
    "bugs": [("none", "None"), ("untargeted", "Without target"), ("any", "Any")],
    "stale": [(str(days), f"{days} days") for days in (3, 7, 14, 30, 90)],
    "recent": [(str(days), f"{days} days") for days in (1, 3, 7, 14, 30)],
}
DATED = (
    "created_from",
    "created_to",
    "closed_from",
    "closed_to",
    "updated_from",
    "updated_to",
)
# A case without a target is in no state of the SLA.
UNSET_UNKNOWN = ("sla", "escalated", "crit_sit", "waiting_on")
# By which parameter a column of the table is filtered; a date is asked from its first day on.
FILTER_OF_COLUMN = {
    **{name: name for name in TOGETHER},
    **{column: name for name, column in ALONE.items()},
    "bugs": "bugs",
    "card": "card",
    "created": "created_from",
    "closed": "closed_from",
    "updated": "updated_from",
    "age_days": "created_to",
    "sla_remaining_days": "sla",
}


def filter_bar(view: View, place: Place) -> Component:
    """Chips of the active filters, each with a way to drop it, and *Add filter*."""
    chips = [_chip(view, name, value, place) for name, value in view.filters().items()]
    clear = dcc.Link("Clear all", href=place.url(View(as_of=view.as_of, tz=view.tz)))
    return html.Div(
        [
            html.Ul(
                [*chips, html.Li(clear, className="clear")] if chips else [], className="chips"
            ),
            _form(),
            html.Button("Copy link", id="copy-link", className="quiet", n_clicks=0),
        ],
        className="filterbar",
        role="region",
        **{"aria-label": "Filters"},
    )


def dropped(view: View, name: str) -> View:
    """The View without one filter."""
    default = View()
    return view.but(**{name: getattr(default, name)})


def _chip(view: View, name: str, value: Any, place: Place) -> Component:
    words = f"{FIELD_LABELS[name]}: {value_words(name, value, view.tz)}"
    return html.Li(
        [
            html.Span(words, dir="auto"),
            dcc.Link("×", href=place.url(dropped(view, name)), title=f"Remove {words}"),
        ],
        className="chip",
    )


def _form() -> Component:
    names = [*OFFERED, *FIXED, *DATED]
    return html.Details(
        [
            html.Summary("Add filter", className="button"),
            html.Div(
                [
                    html.Label("Filter by", htmlFor="filter-name"),
                    dcc.Dropdown(
                        id="filter-name",
                        options=[{"label": FIELD_LABELS[name], "value": name} for name in names],
                        placeholder="Choose a field",
                    ),
                    html.Label("Values", htmlFor="filter-values"),
                    html.Div(
                        dcc.Dropdown(id="filter-values", multi=True, placeholder="Any of"),
                        id="filter-values-box",
                    ),
                    html.Div(
                        dcc.DatePickerSingle(id="filter-date", display_format="YYYY-MM-DD"),
                        id="filter-date-box",
                        hidden=True,
                    ),
                    html.Button("Apply", id="filter-apply", className="primary", n_clicks=0),
                    html.P("", id="filter-fault", role="alert", className="fault"),
                ],
                className="popover",
            ),
        ],
        className="menu",
        id="filter-menu",
    )


@callback(
    Output("filter-values", "options"),
    Output("filter-values", "value"),
    Output("filter-values-box", "hidden"),
    Output("filter-date-box", "hidden"),
    Input("filter-name", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def offer(name: Any, query: Any) -> tuple[list[dict[str, str]], list[str], bool, bool]:
    """What a filter can be set to, with the number of cases under the other filters."""
    dated = name in DATED
    view = asked(query)
    if view is None or name not in (*OFFERED, *FIXED):
        return [], [], dated, not dated
    if name in FIXED:
        fixed = [{"label": label, "value": value} for value, label in FIXED[name]]
        return fixed, [], False, True
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    found = [
        (value, cases)
        for value, cases in values_of(view, instant, version, name)
        if value or name not in UNSET_UNKNOWN
    ]
    options = [
        {"label": f"{value_label(name, value)} ({cases:,})", "value": value}
        for value, cases in found
    ]
    chosen = [str(value or "") for value in getattr(view, name)]
    known = {option["value"] for option in options}
    return options, [value for value in chosen if value in known], False, True


def value_label(name: str, value: str) -> str:
    """A value of a filter as people read it."""
    if not value:
        return "Not set"
    if name == "severity":
        return SEVERITY_NAMES[int(value)]
    if name == "sla":
        return SLA_NAMES[value].capitalize()
    if name == "waiting_on":
        return WAITING_NAMES[value].capitalize()
    return value.capitalize() if name in {"escalated", "crit_sit"} else value


@callback(
    Output("url", "search", allow_duplicate=True),
    Output("filter-fault", "children"),
    Input("filter-apply", "n_clicks"),
    State("filter-name", "value"),
    State("filter-values", "value"),
    State("filter-date", "date"),
    State("view", "data"),
    State("period", "data"),
    prevent_initial_call=True,
)
def apply(
    clicks: Any, name: Any, values: Any, date: Any, query: Any, period: Any
) -> tuple[Any, str]:
    """Put a filter into the URL, or say what is missing."""
    view = asked(query)
    if not clicks:
        return no_update, ""
    if view is None or name not in (*OFFERED, *FIXED, *DATED):
        return no_update, "Choose a field to filter by."
    texts = [date] if name in DATED else values if isinstance(values, list) else [values]
    if not texts or any(not isinstance(text, str) for text in texts):
        return no_update, "Choose a value."
    if name in {"state", "stale", "recent"} and len(texts) > 1:
        return no_update, "Choose one value."
    try:
        added = View.from_values({name: texts, "tz": [view.tz]})
    except ParameterError as error:
        return no_update, f"{error}."
    return search_of(view.but(**{name: getattr(added, name)}), period), ""


def asked(query: Any) -> View | None:
    """The View that a callback's State names; None for anything that is not one."""
    try:
        return View.from_query(query) if isinstance(query, str) else None
    except ParameterError:
        return None


def search_of(view: View, period: Any = "") -> str:
    """The URL's search part of a View, and of the period that the page shows (a query)."""
    query = "&".join(part for part in (view.to_query(), period) if isinstance(part, str) and part)
    return f"?{query}" if query else ""
