"""`/api/v1/accounts` and `/api/v1/engineers`: each with the numbers of its cases."""

from flask import Blueprint, Response

from app.api.operation import Json, described
from app.api.parameters import VIEW
from app.api.requests import as_json, asked_scope, asked_version, asked_view
from app.api.schemas import INSTANT, NUMBER, TEXT, WHOLE, many, maybe, record
from app.directory import CLOSED, COUNTS, MEDIAN, directory
from app.view_fields import write_instant
from app.who import ACCOUNTS, ENGINEERS, Who

blueprint = Blueprint("who", __name__, url_prefix="/api/v1")

TAG = "Accounts and engineers"
NUMBERS = {metric.name: WHOLE for metric in COUNTS}
TOLD = record(
    {
        "as_of": INSTANT,
        "items": many(
            record(
                {
                    "name": {**TEXT, "description": "Empty for cases that have none"},
                    **NUMBERS,
                    MEDIAN: {**maybe(NUMBER), "description": "Days to close, of the last year"},
                    CLOSED: WHOLE,
                }
            )
        ),
        "total": WHOLE,
    }
)
EXAMPLE = {
    "as_of": "2026-01-31T09:30:00Z",
    "items": [{"name": "Acme", **dict.fromkeys(NUMBERS, 2), MEDIAN: 5.5, CLOSED: 40}],
    "total": 1,
}


@blueprint.get("/accounts")
@described("All accounts", TAG, takes=VIEW, gives=Json(TOLD, EXAMPLE), versioned=True)
def accounts() -> Response:
    """Every account with cases of the View open, opened or closed lately, most open cases first."""
    return _told(ACCOUNTS)


@blueprint.get("/engineers")
@described("All engineers", TAG, takes=VIEW, gives=Json(TOLD, EXAMPLE), versioned=True)
def engineers() -> Response:
    """Every engineer likewise: the assignee of the case's card, else its owner."""
    return _told(ENGINEERS)


def _told(who: Who) -> Response:
    scope = asked_scope(asked_view())
    items = [
        {"name": one.name, **one.counts, MEDIAN: one.median, CLOSED: one.closed}
        for one in directory(who, scope, asked_version())
    ]
    return as_json({"as_of": write_instant(scope.instant), "items": items, "total": len(items)})
