"""`/api/v1/stats/daily`: every count of the catalogue as of the end of each day of a period."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Text, cast, func, select

from app.api.requests import as_json
from app.database import plain, snapshot
from app.days import DAILY, catalogued
from app.export import copied
from app.place import read_address
from app.scope import Scope
from app.version import data_version
from app.view_fields import ParameterError, write_instant
from app.words import file_name

blueprint = Blueprint("daily", __name__, url_prefix="/api/v1")


@blueprint.get("/stats/daily")
def daily() -> Response:
    """`{"from", "to", "days": [{"day", "as_of", "metrics": {name: value}}]}`, oldest day first."""
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
def daily_csv() -> Response:
    """The same as a CSV file: a row per day, a column per metric."""
    scope = _asked()
    told = catalogued(scope).subquery("told")
    # As the JSON answer tells it: in UTC, whatever the zone of the days.
    as_of = func.to_char(func.timezone("UTC", told.c.as_of), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    statement = select(
        told.c.day,
        cast(as_of, Text).label("as_of"),
        *(told.c[metric.name] for metric in DAILY),
    ).order_by(told.c.day)
    name = f"{file_name(f'daily {scope.view.sentence()}')}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(copied(statement, zone=scope.view.tz), mimetype="text/csv", headers=headers)


def _asked() -> Scope:
    view, period = read_address(request.query_string.decode("utf-8", "replace"), period=True)
    if period.compare:
        raise ParameterError("compare", "is not known here; ask for the other period by itself")
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    return Scope.of(view, instant, version, period)


def _day(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "day": row["day"].isoformat(),
        "as_of": write_instant(row["as_of"]),
        "metrics": {metric.name: row[metric.name] for metric in DAILY},
    }
