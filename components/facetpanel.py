"""The facets of the case table: each value of each field with its count, one click to choose it."""

from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Input, Output, callback, clientside_callback, dcc, html
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.facets import TOGETHER, Values, facets
from app.version import Version, data_version
from app.view import View
from app.view_fields import write_instant
from app.words import FIELD_LABELS
from components.filterbar import UNSET_UNKNOWN, asked, value_label
from components.finished import finished
from components.piece import Piece, piece

PATH = "/cases"
SHOWN_AT_ONCE = 8
SHOWN_AT_MOST = 60
# Fields whose values have an order of their own; others are told by their counts.
NATURAL = {"severity": "1 2 3 4 -", "sla": "breached at_risk ok"}


def facet_panel() -> Component:
    """The panel, empty until it is opened."""
    return html.Aside(
        [],
        id="facets",
        className="facets card",
        hidden=True,
        **{"aria-label": "Facets"},
    )


def facets_open() -> Component:
    """Whether the panel is open; remembered by the browser."""
    return dcc.Store(id="facets-open", storage_type="local", data=False)


@callback(
    Output("facets", "children"),
    Output("facets", "hidden"),
    Input("facets-open", "data"),
    Input("table-view", "data"),
)
def tell_facets(is_open: Any, query: Any) -> tuple[Any, bool]:
    """The facets of the View that is shown; counts respect all its other filters."""
    view = asked(query)
    if is_open is not True or view is None:
        return [], True
    try:
        version = data_version()
        instant = view.instant(datetime.now(UTC), version.changed_at)
        key = ("facet panel", view.to_query(), write_instant(instant), version.key)
        [panel] = finished(key, lambda: [_panel(view, instant, version)])
    except SQLAlchemyError:
        return [html.P("The facets cannot be read at the moment.", className="secondary")], False
    return panel, False


def _panel(view: View, instant: datetime, version: Version) -> list[Component]:
    told = facets(view, instant, version)
    return [_facet(view, name, told[name]) for name in TOGETHER if told[name]]


def _facet(view: View, name: str, values: Values) -> Component:
    chosen = {str(value or "") for value in getattr(view, name)}
    known = [pair for pair in values if pair[0] or name not in UNSET_UNKNOWN]
    if name in NATURAL:
        known.sort(key=lambda pair: NATURAL[name].find(pair[0] or "-"))
    known.sort(key=lambda pair: pair[0] not in chosen)
    items = [_value(view, name, value, cases, chosen) for value, cases in known[:SHOWN_AT_MOST]]
    rest = items[SHOWN_AT_ONCE:]
    more = f"{len(known) - SHOWN_AT_ONCE:,} more"
    told: list[Component] = [html.H3(FIELD_LABELS[name]), html.Ul(items[:SHOWN_AT_ONCE])]
    if rest:
        told.append(html.Details([html.Summary(more), html.Ul(rest)]))
    return html.Section(told, className="facet")


def _value(view: View, name: str, value: str, cases: int, chosen: set[str]) -> Piece:
    is_chosen = value in chosen
    values = chosen - {value} if is_chosen else chosen | {value}
    other = view.but(**{name: getattr(View.from_values({name: sorted(values)}), name)}) if (
        values
    ) else view.but(**{name: ()})  # fmt: skip
    label = value_label(name, value)
    return piece(
        html.Li,
        piece(
            dcc.Link,
            [
                piece(html.Span, className="tick"),
                piece(html.Span, label, className="facet-label", dir="auto", title=label),
                piece(html.Span, f"{cases:,}", className="facet-count"),
            ],
            href=other.url(PATH),
            className="facet-value chosen" if is_chosen else "facet-value",
        ),
    )


clientside_callback(
    ClientsideFunction("desk", "toggleFacets"),
    Output("facets-open", "data"),
    Input("facets-toggle", "n_clicks"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("desk", "tellFacets"),
    Output("facets-toggle", "aria-expanded"),
    Input("facets", "hidden"),
)
