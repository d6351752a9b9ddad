"""The case table: AG Grid's infinite rows, each block one statement in SQL."""

from datetime import UTC, datetime
from typing import Any

import orjson
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, no_update
from dash.development.base_component import Component
from dash_ag_grid import AgGrid

from app.block import block
from app.columns import COLUMNS, DEFAULT_COLUMNS, Column
from app.settings import get_settings
from app.version import data_version
from app.view import DEFAULT_SORT, View
from app.view_fields import ParameterError
from components.filterbar import FILTER_OF_COLUMN, asked
from components.records import shown_rows

BLOCK = 100
LARGEST_BLOCK = 1_000
LEAST_COUNT = 1_000
RENDERERS = {
    "number": "CaseLink",
    "severity": "Severity",
    "sla": "Sla",
    "account": "Filtering",
    "engineer": "Filtering",
    "card": "Card",
    "escalated": "Escalated",
}
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


def case_grid(view: View) -> Component:
    """The grid of a View; its rows and their number come by themselves."""
    return AgGrid(
        id="grid",
        rowModelType="infinite",
        getRowId="params.data.number",
        columnDefs=[_column(COLUMNS[name], place, view) for place, name in enumerate(view.columns)],
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "cellClassRules": {"rtl": {"function": "beginsRightToLeft(params.value)"}},
        },
        dashGridOptions={
            "theme": {"function": GRID_THEME},
            "cacheBlockSize": BLOCK,
            "infiniteInitialRowCount": LEAST_COUNT,
            # The grid keeps one request at a time in its properties.
            "maxConcurrentDatasourceRequests": 1,
            "blockLoadDebounceMillis": 30,
            "maxBlocksInCache": 30,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "suppressDragLeaveHidesColumns": True,
            "rowSelection": {
                "mode": "multiRow",
                "checkboxes": True,
                "headerCheckbox": False,
                "enableClickSelection": False,
            },
            "selectionColumnDef": {"pinned": "left", "width": 38, "resizable": False},
            "context": {
                "cards": f"{get_settings().jira_url}/browse/" if get_settings().jira_url else "",
                "sort": ",".join(DEFAULT_SORT),
                "columns": ",".join(DEFAULT_COLUMNS),
                "filters": FILTER_OF_COLUMN,
            },
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
        "minWidth": 60,
        "tooltipField": column.name if column.kind in {"text", "list"} else None,
        "sortingOrder": ["asc", "desc", None],
        "headerComponentParams": {"innerHeaderComponent": "FilterHeader"},
    }
    if column.name == "summary":
        told |= {"flex": 1, "minWidth": 140}
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


@callback(
    Output("grid", "getRowsResponse"),
    Input("grid", "getRowsRequest"),
    State("view", "data"),
    prevent_initial_call=True,
)
def rows_of_block(request: Any, query: Any) -> Any:
    """One block of rows; anything that is not a proper request gets none."""
    view, span = asked(query), _span(request)
    if view is None or span is None:
        return no_update
    view = _sorted(view, request.get("sortModel"))
    start, end = span
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    found, more = block(view, instant, version, start, end - start)
    # Written down here: Dash would look into each cell for what it cannot hold.
    rows = orjson.dumps(shown_rows(found, view.tz), default=float)
    # The count is known at the last block; until then the grid only learns that there is more.
    return {
        "rowData": orjson.Fragment(rows),
        "rowCount": None if more else start + len(found),
    }


def _span(request: Any) -> tuple[int, int] | None:
    if not isinstance(request, dict):
        return None
    start, end = request.get("startRow"), request.get("endRow")
    if type(start) is not int or type(end) is not int:
        return None
    return (start, end) if 0 <= start < end <= start + LARGEST_BLOCK and end < 2**31 else None


def _sorted(view: View, model: Any) -> View:
    """The View in the order that the grid's headers show.

    Headers tell only of the columns shown: where they say what the View says of those, the View's
    own order stands. When none of them is sorted by any more, the usual order is asked for.
    """
    try:
        names = [f"{'-' if part['sort'] == 'desc' else ''}{part['colId']}" for part in model or []]
        told = tuple(name for name in view.sort if name.removeprefix("-") in view.columns)
        if tuple(names) == told or model is None:
            return view
        if not names:
            return view.but(sort=DEFAULT_SORT)
        return view.but(sort=View.from_values({"sort": [",".join(names)]}).sort)
    except (ParameterError, KeyError, TypeError):
        return view


clientside_callback(
    ClientsideFunction("desk", "attach"),
    Output("desk-beat", "data"),
    Input("table-view", "data"),
)
