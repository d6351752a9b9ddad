"""`/api/v1/cases` and `/api/v1/cases.csv`: the rows of a View."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from app.api.cursor import PATTERN, Cursor
from app.api.operation import CSV, Json, Parameter, Text, described
from app.api.parameters import VIEW, limit
from app.api.requests import (
    Values,
    arguments,
    as_csv,
    as_json,
    asked_instant,
    asked_version,
    asked_view,
    integer,
    reader_left,
)
from app.api.schemas import TEXT, WHOLE, component, many, maybe, record
from app.block import Stretch, columns_told
from app.export import case_csv
from app.facets import number_of_rows
from app.view import View
from app.view_fields import ParameterError

blueprint = Blueprint("cases", __name__, url_prefix="/api/v1")

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100
TAG = "Cases"
CURSOR = Parameter(
    "cursor",
    "Where the page before ended: its `next`, with the same View",
    {"type": "string", "pattern": PATTERN},
)
EXAMPLE = {"number": "01234567", "severity": 1, "account": "Acme"}


@blueprint.get("/cases")
@described(
    "The rows of a View, page by page",
    TAG,
    takes=(*VIEW, limit(MAX_LIMIT, str(DEFAULT_LIMIT)), CURSOR),
    gives=Json(
        record({"items": many(component("Case")), "total": WHOLE, "next": maybe(TEXT)}),
        {"items": [EXAMPLE], "total": 1, "next": None},
    ),
    faults={409: "Parameters contradict each other, or the cursor belongs to another View"},
    versioned=True,
)
def cases() -> Response:
    """The first `limit` rows in the View's order, or those after `cursor`.

    `next` is the cursor of the rows that follow, null after the last; `total` counts all. A walk
    shows the board at the instant of its first page: whatever is loaded meanwhile, a case that did
    not change is neither told twice nor left out. Instants are in the View's zone.
    """
    values = arguments()
    size = integer(values, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    cursor = _taken(values)
    view, version = View.from_values(values), asked_version()
    if cursor is None:
        instant = asked_instant(view)
        total = number_of_rows(view, instant, version)
        found = Stretch(view, instant, version).at(0, size + 1)
    else:
        place = Cursor.read(cursor, view)
        instant, total = place.instant, place.total
        # What was searched for now is, on the pages that follow, what was said then.
        pinned = view.but(as_of=instant) if view.q else view
        found = Stretch(pinned, instant, version).after(place.keys, size + 1)
    return as_json({"items": _items(found[:size], view), "total": total,
                    "next": _next(found, size, view, instant, total)})  # fmt: skip


@blueprint.get("/cases.csv")
@described(
    "All rows of a View as a file",
    TAG,
    takes=VIEW,
    gives=Text(CSV, "number,severity,account\n01234567,1,Acme\n"),
    versioned=True,
)
def cases_csv() -> Response:
    """The same rows, order and columns, streamed without an end to their number.

    Text cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    view = asked_view()
    return as_csv(case_csv(view, asked_instant(view), reader_left()), view.sentence())


def plain_row(row: dict[str, Any], view: View) -> dict[str, Any]:
    """A row as JSON tells it: instants ISO 8601 in the View's zone."""
    zone = ZoneInfo(view.tz)
    return {
        name: value.astimezone(zone).isoformat(timespec="seconds")
        if isinstance(value, datetime)
        else value
        for name, value in row.items()
    }


def _items(found: list[tuple[Any, ...]], view: View) -> list[dict[str, Any]]:
    # The columns come first in a row; what the grid needs and the sort keys follow.
    return [plain_row(dict(zip(view.columns, row, strict=False)), view) for row in found]


def _next(
    found: list[tuple[Any, ...]], size: int, view: View, instant: datetime, total: int
) -> str | None:
    if len(found) <= size:
        return None
    keys = found[size - 1][len(columns_told(view)) :]
    return Cursor(instant, total, keys).write(view)


def _taken(values: Values) -> str | None:
    texts = values.pop("cursor", [])
    if len(texts) > 1:
        raise ParameterError("cursor", "may be given once only")
    return texts[0] if texts else None
