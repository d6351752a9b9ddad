"""The index of accounts or engineers: a row each, every number leading to exactly its rows.

All rows come at once and the grid sorts them; the order stands in the address behind the `#`.
"""

from datetime import UTC, datetime
from typing import Any

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
from dash_ag_grid import AgGrid

from app.directory import CLOSED, COUNTS, MEDIAN, Entry, closed_within_a_year, directory
from app.place import Place
from app.scope import Scope
from app.version import Version, data_version
from app.view import View
from app.who import WHO, Who
from components.casegrid import GRID_THEME
from components.filterbar import asked, filter_bar
from components.number import rows_url
from components.sample import first_minute


def who_index(who: Who, view: View, version: Version) -> list[Component]:
    """What the page of an index holds: filters, whose the cases are, and the grid."""
    if version.number == 0:
        return [first_minute()]
    return [
        filter_bar(view, Place(who.path)),
        html.P(who.meant, className="secondary about"),
        _grid(who, view),
    ]


def _grid(who: Who, view: View) -> Component:
    others = view.only_filters().but(**{who.field: ()})
    return html.Div(
        [
            dcc.Store(id="who-kind", data=who.field),
            dcc.Store(id="who-links"),
            dcc.Store(id="who-beat"),
            html.P("\u00a0", id="who-count", className="count", role="status"),
            AgGrid(
                id="who-grid",
                columnDefs=_columns(who),
                rowData=None,
                getRowId="params.data.name",
                defaultColDef={
                    "sortable": True,
                    "resizable": True,
                    "suppressHeaderMenuButton": True,
                    "wrapHeaderText": True,
                    "autoHeaderHeight": True,
                    "sortingOrder": ["desc", "asc", None],
                },
                dashGridOptions={
                    "theme": {"function": GRID_THEME},
                    "enableCellTextSelection": True,
                    "ensureDomOrder": True,
                    "suppressDragLeaveHidesColumns": True,
                    "multiSortKey": "ctrl",
                    "loading": True,
                    "context": {
                        "path": who.path,
                        "field": who.field,
                        "nobody": who.nobody,
                        "query": others.to_query(),
                    },
                    "localeText": {"noRowsToShow": _nothing(who, view)},
                },
                className="who-grid",
                columnSize=None,
                style={"height": None},
            ),
        ],
        className="who",
    )


def _nothing(who: Who, view: View) -> str:
    return f"No {who.one} has cases here" + (", under these filters." if view.filters() else ".")


def _columns(who: Who) -> list[dict[str, Any]]:
    name = {
        "field": "name",
        "headerName": who.one.capitalize(),
        "pinned": "left",
        "width": 190,
        "minWidth": 120,
        "cellRenderer": "WhoName",
        "tooltipField": "name",
        "comparator": {"function": "byName"},
        "sortingOrder": ["asc", "desc", None],
    }
    counts = [_number(metric.name, metric.label, metric.formula, "count") for metric in COUNTS]
    counts[0]["sort"] = "desc"
    return [
        name,
        *counts,
        _number(CLOSED, "Closed, last year", "closed in (T-365 d, T]", "count"),
        _number(
            MEDIAN,
            "Median to close (d)",
            "median days from creation to closing of the cases closed in the last year",
            "days",
        ),
    ]


def _number(name: str, label: str, hint: str, kind: str) -> dict[str, Any]:
    return {
        "field": name,
        "headerName": label,
        "headerTooltip": hint,
        "type": "rightAligned",
        "minWidth": 96,
        "flex": 1,
        "cellRenderer": "WhoNumber",
        "cellRendererParams": {"kind": kind},
    }


def _links(who: Who, scope: Scope) -> dict[str, str]:
    """By column the address of the rows that it counts, of whomever; empty where there are none."""
    anyone = scope.view.but(**{who.field: ()})
    found = {metric.name: metric.rows(anyone, scope.instant) for metric in COUNTS}
    year = rows_url(closed_within_a_year(anyone, scope))
    told = {name: rows_url(view) if view else "" for name, view in found.items()}
    return {**told, CLOSED: year, MEDIAN: year}


@callback(
    Output("who-grid", "rowData"),
    Output("who-count", "children"),
    Output("who-links", "data"),
    Input("who-kind", "data"),
    Input("board-version", "data"),
    State("view", "data"),
)
def fill(field: Any, _version: Any, query: Any) -> Any:
    """The rows of the index now, how many there are, and where their numbers lead."""
    view, who = asked(query), WHO.get(str(field))
    if view is None or who is None:
        return no_update, no_update, no_update
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    scope = Scope.of(view.only_filters(), instant, version)
    entries = directory(who, scope, version)
    named = sum(1 for entry in entries if entry.name)
    words = f"{named:,} {who.one if named == 1 else who.many}"
    count = [html.Strong(words), " with cases open, or opened or closed lately"]
    return [_row(entry) for entry in entries], count, _links(who, scope)


def _row(entry: Entry) -> dict[str, Any]:
    return {"name": entry.name, **entry.counts, CLOSED: entry.closed, MEDIAN: entry.median}


clientside_callback(
    ClientsideFunction("who", "attach"),
    Output("who-beat", "data"),
    Input("who-grid", "rowData"),
    Input("who-links", "data"),
)
