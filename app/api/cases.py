"""`/api/v1/cases` and `/api/v1/cases.csv`: the rows of a View."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
from flask import Blueprint, Response

from app.api.requests import Values, arguments, as_json, asked_view, integer, reader_left
from app.columns import COLUMNS
from app.database import read, snapshot
from app.export import case_csv
from app.selection import count, rows
from app.version import data_version
from app.view import View
from app.view_fields import ParameterError, parse_instant, write_instant
from app.words import file_name

blueprint = Blueprint("cases", __name__, url_prefix="/api/v1")

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100


@blueprint.get("/cases")
def cases() -> Response:
    """The rows of a View, `limit` (1..1000) at a time: `{"items", "total", "next"}`.

    `next` is the `cursor` of the following rows, null after the last. All pages of one walk show
    the board at the instant of its first page.
    """
    values = arguments()
    limit = integer(values, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    started, offset = _cursor(values)
    view = View.from_values(values)
    instant = started or view.instant(datetime.now(UTC), data_version().changed_at)
    with snapshot() as connection:
        total = int(read(count(view, instant), connection=connection)["cases"].iloc[0])
        shown = read(rows(view, instant, limit=limit, offset=offset), connection=connection)
    end = offset + limit
    following = f"{write_instant(instant)}~{end}" if end < total else None
    return as_json({"items": records(shown, view), "total": total, "next": following})


@blueprint.get("/cases.csv")
def cases_csv() -> Response:
    """All rows of a View as a CSV file, streamed."""
    view = asked_view()
    instant = view.instant(datetime.now(UTC), data_version().changed_at)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(view.sentence())}.csv"'}
    rows_told = case_csv(view, instant, reader_left())
    return Response(rows_told, mimetype="text/csv", headers=headers)


def records(frame: pd.DataFrame, view: View) -> list[dict[str, object]]:
    """The rows of a frame as JSON objects; instants ISO 8601 in the View's zone."""
    zone = ZoneInfo(view.tz)
    instants = {name for name in view.columns if COLUMNS[name].kind == "instant"}

    def plain(name: str, value: object) -> object:
        if isinstance(value, list):
            return value
        if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
            return None
        if name in instants and isinstance(value, datetime):
            return value.astimezone(zone).isoformat(timespec="seconds")
        return value

    table = frame.astype(object)
    return [
        {name: plain(name, value) for name, value in zip(table.columns, row, strict=True)}
        for row in table.itertuples(index=False, name=None)
    ]


def _cursor(values: Values) -> tuple[datetime | None, int]:
    texts = values.pop("cursor", [])
    if not texts:
        return None, 0
    started, _, offset = texts[0].rpartition("~")
    if len(texts) > 1 or not (offset.isascii() and offset.isdigit() and len(offset) < 10):
        raise ParameterError("cursor", "is not one that a `next` has given")
    return parse_instant("cursor", started, "UTC"), int(offset)
