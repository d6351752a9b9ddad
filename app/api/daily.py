"""`/api/v1/stats/daily`: every count of the catalogue as of the end of each day of a period."""

from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Text as SqlText
from sqlalchemy import cast, func, select

from app.api.charts import TAG
from app.api.operation import CSV, Json, Text, described
from app.api.parameters import PERIOD, VIEW
from app.api.requests import as_csv, as_json, asked_scope, reader_left
from app.api.schemas import DAY, INSTANT, WHOLE, many, record
from app.database import plain, snapshot
from app.days import DAILY, catalogued
from app.export import copied
from app.place import read_address
from app.scope import Scope
from app.view_fields import write_instant

blueprint = Blueprint("daily", __name__, url_prefix="/api/v1")

COUNTS = record({metric.name: WHOLE for metric in DAILY})
TOLD = record(
    {
        "from": INSTANT,
        "to": INSTANT,
        "days": many(record({"day": DAY, "as_of": INSTANT, "metrics": COUNTS})),
    }
)
NUMBERS = {metric.name: number for number, metric in enumerate(DAILY)}
EXAMPLE = {
    "from": "2026-01-01T00:00:00Z",
    "to": "2026-01-02T00:00:00Z",
    "days": [{"day": "2026-01-01", "as_of": "2026-01-01T23:59:59.999999Z", "metrics": NUMBERS}],
}
HEADER = ",".join(("day", "as_of", *NUMBERS))
LINE = ",".join(("2026-01-01", "2026-01-01T23:59:59.999999Z", *map(str, NUMBERS.values())))


@blueprint.get("/stats/daily")
@described(
    "The catalogue day by day",
    TAG,
    takes=(*VIEW, *PERIOD),
    gives=Json(TOLD, EXAMPLE),
    versioned=True,
)
def daily() -> Response:
    """Every count as of the end of each day from `from` to `to` in `tz`, the oldest day first.

    By default of the last 365 days. The last day ends with the period.
    """
    scope = _asked()
    with snapshot() as connection:
        rows = plain(connection, catalogued(scope))
    start, end = scope.period.filled()
    return as_json(
        {
            "from": write_instant(start),
            "to": write_instant(end),
            "days": [_day(row) for row in rows],
        }
    )


@blueprint.get("/stats/daily.csv")
@described(
    "The catalogue day by day as a file",
    TAG,
    takes=(*VIEW, *PERIOD),
    gives=Text(CSV, f"{HEADER}\n{LINE}\n"),
    versioned=True,
)
def daily_csv() -> Response:
    """The same: a row per day, a column per count."""
    scope = _asked()
    told = catalogued(scope).subquery("told")
    # As the JSON answer tells it: in UTC, whatever the zone of the days.
    as_of = func.to_char(func.timezone("UTC", told.c.as_of), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    statement = select(
        told.c.day,
        cast(as_of, SqlText).label("as_of"),
        *(told.c[metric.name] for metric in DAILY),
    ).order_by(told.c.day)
    rows = copied(statement, zone=scope.view.tz, left=reader_left())
    return as_csv(rows, f"daily {scope.view.sentence()}")


def _asked() -> Scope:
    return asked_scope(*read_address(request.query_string.decode("utf-8", "replace"), period=True))


def _day(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "day": row["day"].isoformat(),
        "as_of": write_instant(row["as_of"]),
        "metrics": {metric.name: row[metric.name] for metric in DAILY},
    }
