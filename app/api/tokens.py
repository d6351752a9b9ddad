"""`/api/v1/tokens`: one's own personal access tokens; admins see and revoke those of all."""

from flask import Blueprint, Response

from app.api.body import asked_body
from app.api.operation import Json, described
from app.api.parameters import number
from app.api.requests import as_json, problem
from app.api.schemas import INSTANT, TEXT, WHOLE, component, many, record
from app.auth import tokens
from app.auth.listing import tokens_of
from app.auth.person import SCOPES, current
from app.auth.users import with_row
from app.one_line import ALL_SEEN

blueprint = Blueprint("tokens", __name__, url_prefix="/api/v1")

TAG = "Tokens"
LARGEST_ID = 2**63
LISTED_EXAMPLE = {
    "id": 7,
    "prefix": "cb_1AbCdEfG",
    "name": "report",
    "scopes": ["read"],
    "created_at": "2026-01-31T09:30:00Z",
    "expires_at": "2026-05-01T09:30:00Z",
    "used_at": None,
    "revoked_at": None,
    "expired": False,
    "owner": "Ana",
}
NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": tokens.LONGEST_NAME,
    "pattern": ALL_SEEN,
}
BODY = Json(
    record(
        {
            "name": {**NAME, "description": "What it is for"},
            "scopes": {
                "type": "array",
                "items": {"type": "string", "enum": list(SCOPES)},
                "minItems": 1,
                "description": 'Default: ["read"]',
            },
            "expires_in": {
                "type": "integer",
                "minimum": 60,
                "maximum": tokens.MOST_SECONDS,
                "description": f"Seconds; default: {tokens.DEFAULT_SECONDS}",
            },
        },
        optional=("scopes", "expires_in"),
    ),
    {"name": "report", "scopes": ["read", "export"], "expires_in": 2_592_000},
)
MADE = record(
    {
        "id": WHOLE,
        "token": {**TEXT, "description": "Shown this once"},
        "prefix": TEXT,
        "name": TEXT,
        "scopes": many(TEXT),
        "expires_at": INSTANT,
    }
)
MADE_EXAMPLE = {
    "id": 7,
    "token": "cb_1AbCdEfG...",
    "prefix": "cb_1AbCdEfG",
    "name": "report",
    "scopes": ["read"],
    "expires_at": "2026-05-01T09:30:00Z",
}


@blueprint.get("/tokens")
@described(
    "One's tokens",
    TAG,
    gives=Json(record({"items": many(component("Token"))}), {"items": [LISTED_EXAMPLE]}),
)
def listed() -> Response:
    """One's tokens, for admins all, the live ones first; without what opens anything."""
    person = current()
    return as_json({"items": tokens_of(None if person.is_admin else person.user)})


@blueprint.post("/tokens")
@described(
    "Make a token",
    TAG,
    body=BODY,
    gives=Json(MADE, MADE_EXAMPLE),
    status=201,
    faults={409: f"There are {tokens.MOST_OF_ONE} tokens already"},
)
def make() -> Response:
    """Make a token that acts in one's name, as far as its scopes reach.

    The answer's `token` is shown this once. A token makes none that may more than itself.
    """
    told = {"scopes": ["read"], "expires_in": tokens.DEFAULT_SECONDS, **asked_body(make)}
    try:
        made = tokens.make(with_row(current()), told["name"], told["scopes"], told["expires_in"])
    except tokens.TooMany as fault:
        return problem(409, "Too many", str(fault))
    except tokens.NotMade as fault:
        return problem(400, "Not made", str(fault))
    response = as_json(made)
    response.status_code = 201
    return response


@blueprint.delete("/tokens/<int:number>")
@described(
    "Revoke a token",
    TAG,
    takes=(number("The id of the token"),),
    gives=None,
    status=204,
    faults={404: "There is no token of that id that one may revoke"},
)
def revoke(number: int) -> Response:
    """Revoke a token for good; admins revoke anybody's."""
    if number < LARGEST_ID and tokens.revoke(number, current()):
        return Response(status=204)
    return problem(404, "No such token", f"There is no token {number} of yours to revoke.")
