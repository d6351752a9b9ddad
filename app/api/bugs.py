"""`/api/v1/bugs` and `/api/v1/bugs.csv`: the bugs and issues behind the cases of a View, ranked."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from app.api.requests import Values, arguments, as_json, integer, reader_left
from app.bugs import ranked, ranked_file
from app.database import plain, snapshot
from app.export import copied, inert_texts
from app.ranking import Ranking
from app.scope import Scope
from app.version import data_version
from app.view import View
from app.words import file_name

blueprint = Blueprint("bugs", __name__, url_prefix="/api/v1")

MAX_LIMIT = 100_000


@blueprint.get("/bugs")
def bugs() -> Response:
    """The bugs behind the cases of a View: `{"items", "total"}`; all, or the first `limit`.

    Beside a View's parameters: `sort` (a bug's columns), `tracker`, `target=none`, `mismatch=yes`
    and `restricted=yes`. Instants are ISO 8601 in the View's zone.
    """
    values = arguments()
    limit = integer(values, "limit", MAX_LIMIT, 1, MAX_LIMIT)
    scope, ranking = _asked(values)
    with snapshot() as connection:
        rows = plain(connection, ranked(scope, ranking))
    zone = ZoneInfo(scope.view.tz)
    items = [{**row, "moves": [_move(move, zone) for move in row["moves"]]} for row in rows[:limit]]
    return as_json({"items": items, "total": len(rows)})


@blueprint.get("/bugs.csv")
def bugs_csv() -> Response:
    """The same bugs as a CSV file, streamed."""
    scope, ranking = _asked(arguments())
    name = file_name(f"Bugs of {scope.view.sentence()}")
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    body = copied(inert_texts(ranked_file(scope, ranking)), zone=scope.view.tz, left=reader_left())
    return Response(body, mimetype="text/csv", headers=headers)


def _asked(values: Values) -> tuple[Scope, Ranking]:
    ranking = Ranking.taken(values, paged=False)
    view, version = View.from_values(values), data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    return Scope.of(view, instant, version), ranking


def _move(move: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    at = datetime.fromisoformat(move["at"]).astimezone(zone)
    return {**move, "at": at.isoformat(timespec="seconds")}
