"""`/api/v1/bugs` and `/api/v1/bugs.csv`: the bugs and issues behind the cases of a View, ranked."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from app.api.operation import CSV, Json, Text, described
from app.api.parameters import RANKING, limit
from app.api.requests import Values, arguments, as_csv, as_json, asked_scope, integer, reader_left
from app.api.schemas import FLAG, INSTANT, NUMBER, TEXT, WHOLE, many, maybe, record
from app.bugs import COLUMNS, ranked, ranked_file
from app.database import plain, snapshot
from app.export import copied, inert_texts
from app.ranking import TRACKERS, Ranking
from app.scope import Scope
from app.view import View

blueprint = Blueprint("bugs", __name__, url_prefix="/api/v1")

TAG = "Bugs"
MAX_LIMIT = 100_000
MOVE = record({"at": INSTANT, "from": maybe(TEXT), "to": maybe(TEXT)})
BUG = {
    **dict.fromkeys(COLUMNS, maybe(TEXT)),
    "key": TEXT,
    "tracker": {"type": "string", "enum": list(TRACKERS)},
    **dict.fromkeys(("cases", "accounts", "weight", "mismatched", "slips"), WHOLE),
    "worst": maybe(WHOLE),
    "days_waited": NUMBER,
    "moves": many(MOVE),
    "restricted": FLAG,
    "gone": FLAG,
}
EXAMPLE = {
    **dict.fromkeys(BUG), "key": "1234", "tracker": "bugzilla", "summary": "It leaks", "cases": 3,
    "accounts": 2, "worst": 1, "weight": 16, "days_waited": 12.5, "mismatched": 0, "slips": 1,
    "moves": [{"at": "2026-01-20T08:00:00Z", "from": "4.1", "to": "4.2"}], "restricted": False,
    "gone": False,
}  # fmt: skip


@blueprint.get("/bugs")
@described(
    "The bugs behind the cases of a View",
    TAG,
    takes=(*RANKING, limit(MAX_LIMIT, "all")),
    gives=Json(
        record({"items": many(record(BUG)), "total": WHOLE}), {"items": [EXAMPLE], "total": 1}
    ),
    versioned=True,
)
def bugs() -> Response:
    """Bugs and issues ranked by what waits for them, all or the first `limit`.

    `weight` counts an urgent case 8, a high one 4, a normal one 2, others 1; `days_waited` is how
    long these cases together have waited on engineering since they were linked; `mismatched` are
    cases of another severity than the bug; `moves` tells how often its target was changed.
    """
    values = arguments()
    most = integer(values, "limit", MAX_LIMIT, 1, MAX_LIMIT)
    scope, ranking = _asked(values)
    with snapshot() as connection:
        rows = plain(connection, ranked(scope, ranking))
    zone = ZoneInfo(scope.view.tz)
    items = [{**row, "moves": [_move(move, zone) for move in row["moves"]]} for row in rows[:most]]
    return as_json({"items": items, "total": len(rows)})


@blueprint.get("/bugs.csv")
@described(
    "The bugs as a file",
    TAG,
    takes=RANKING,
    gives=Text(CSV, "key,tracker,summary,cases\n1234,bugzilla,It leaks,3\n"),
    versioned=True,
)
def bugs_csv() -> Response:
    """The same bugs, all of them, streamed."""
    scope, ranking = _asked(arguments())
    rows = copied(inert_texts(ranked_file(scope, ranking)), zone=scope.view.tz, left=reader_left())
    return as_csv(rows, f"Bugs of {scope.view.sentence()}")


def _asked(values: Values) -> tuple[Scope, Ranking]:
    ranking = Ranking.taken(values, paged=False)
    return asked_scope(View.from_values(values)), ranking


def _move(move: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    at = datetime.fromisoformat(move["at"]).astimezone(zone)
    return {**move, "at": at.isoformat(timespec="seconds")}
