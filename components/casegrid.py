"""The case table: AG Grid's infinite rows, each block one statement in SQL."""

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

from app.columns import COLUMNS, Column
from app.database import read
from app.selection import rows
from app.version import data_version
from app.view import View
from app.view_fields import ParameterError
from components.filterbar import asked, search_of
from components.records import shown_rows

BLOCK = 100
LARGEST_BLOCK = 1_000
RENDERERS = {"number": "CaseLink", "severity": "Severity", "sla": "Sla"}
GRID_THEME = (
    "themeQuartz.withParams({"
    "backgroundColor: 'var(--card)', foregroundColor: 'var(--text)', "
    "borderColor: 'var(--border)', headerBackgroundColor: 'var(--page)', "
    "headerTextColor: 'var(--secondary)', accentColor: 'var(--accent)', "
    "rowHoverColor: 'var(--hover)', fontFamily: 'inherit', fontSize: 13, headerFontSize: 12, "
    "headerFontWeight: 600, rowHeight: 36, headerHeight: 36, wrapperBorderRadius: 10, "
    "cellHorizontalPadding: 10, "
    "columnBorder: false})"
)


def case_grid(view: View, count: int) -> Component:
    """The grid of a View whose rows number `count`."""
    return AgGrid(
        id="grid",
        rowModelType="infinite",
        columnDefs=[_column(COLUMNS[name], place, view) for place, name in enumerate(view.columns)],
        defaultColDef={"sortable": True, "resizable": True, "suppressMovable": True},
        dashGridOptions={
            "theme": {"function": GRID_THEME},
            "cacheBlockSize": BLOCK,
            "infiniteInitialRowCount": max(count, 1),
            "maxBlocksInCache": 20,
            "alwaysMultiSort": False,
            "multiSortKey": "ctrl",
            "suppressCellFocus": False,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "context": {"query": view.to_query()},
        },
        className="case-grid",
        columnSize=None,
        style={"height": None},
    )


def _column(column: Column, place: int, view: View) -> dict[str, Any]:
    label = f"{column.label} ({column.unit[0]})" if column.unit else column.label
    told: dict[str, Any] = {
        "field": column.name,
        "headerName": label,
        "width": column.width,
        "tooltipField": column.name if column.kind in {"text", "list"} else None,
        "sortingOrder": ["asc", "desc", None],
    }
    if column.name == "summary":
        told |= {"flex": 1, "minWidth": 160}
    if place == 0:
        told["pinned"] = "left"
    if column.name in RENDERERS:
        told["cellRenderer"] = RENDERERS[column.name]
    if column.unit:
        told["type"] = "rightAligned"
    for index, name in enumerate(view.sort):
        if name.removeprefix("-") == column.name:
            told["sort"] = "desc" if name.startswith("-") else "asc"
            told["sortIndex"] = index
    return told


def column_menu(view: View) -> Component:
    """The choice of columns."""
    options = [{"label": column.label, "value": column.name} for column in COLUMNS.values()]
    return html.Details(
        [
            html.Summary("Columns", className="button"),
            html.Div(
                [
                    dcc.Checklist(
                        id="columns", options=options, value=list(view.columns), className="choices"
                    ),
                    html.Button("Show these", id="columns-apply", className="primary", n_clicks=0),
                ],
                className="popover wide",
            ),
        ],
        className="menu",
    )


@callback(
    Output("grid", "getRowsResponse"),
    Input("grid", "getRowsRequest"),
    State("view", "data"),
    prevent_initial_call=True,
)
def block(request: Any, query: Any) -> Any:
    """One block of rows; anything that is not a proper request gets none."""
    view, span = asked(query), _span(request)
    if view is None or span is None:
        return no_update
    view = _sorted(view, request.get("sortModel"))
    start, end = span
    instant = view.instant(datetime.now(UTC), data_version().changed_at)
    frame = read(rows(view, instant, limit=end - start + 1, offset=start))
    more = len(frame) > end - start
    shown = shown_rows(frame.head(end - start), view)
    # The count is known at the last block; until then the grid only learns that there is more.
    return {"rowData": shown, "rowCount": None if more else start + len(shown)}


def _span(request: Any) -> tuple[int, int] | None:
    if not isinstance(request, dict):
        return None
    start, end = request.get("startRow"), request.get("endRow")
    if type(start) is not int or type(end) is not int:
        return None
    return (start, end) if 0 <= start < end <= start + LARGEST_BLOCK and end < 2**31 else None


def _sorted(view: View, model: Any) -> View:
    """The View in the order that the grid's headers show; its own order when they show none."""
    try:
        names = [f"{'-' if part['sort'] == 'desc' else ''}{part['colId']}" for part in model or []]
        return view.but(sort=View.from_values({"sort": [",".join(names)]}).sort) if names else view
    except (ParameterError, KeyError, TypeError):
        return view


@callback(
    Output("url", "search", allow_duplicate=True),
    Input("columns-apply", "n_clicks"),
    State("columns", "value"),
    State("view", "data"),
    prevent_initial_call=True,
)
def choose_columns(clicks: Any, names: Any, query: Any) -> Any:
    """Show other columns; those shown keep their order, new ones follow."""
    view = asked(query)
    if not clicks or view is None or not isinstance(names, list):
        return no_update
    known = [name for name in names if isinstance(name, str) and name in COLUMNS]
    kept = [name for name in view.columns if name in known]
    added = [name for name in COLUMNS if name in known and name not in kept]
    return search_of(view.but(columns=tuple(kept + added))) if known else no_update


clientside_callback(
    ClientsideFunction("caseboard", "sortIntoUrl"),
    Output("csv", "href"),
    Input("grid", "getRowsRequest"),
    State("csv", "href"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("caseboard", "density"),
    Output("density", "title"),
    Input("density", "n_clicks"),
)
