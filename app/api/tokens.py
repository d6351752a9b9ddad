"""`/api/v1/tokens`: one's own personal access tokens; admins see and revoke those of all."""

from typing import Any

from flask import Blueprint, Response, request

from app.api.requests import as_json, problem
from app.auth import tokens
from app.auth.listing import tokens_of
from app.auth.person import current
from app.auth.users import with_row

blueprint = Blueprint("tokens", __name__, url_prefix="/api/v1")


@blueprint.get("/tokens")
def listed() -> Response:
    """One's tokens, newest first, without what opens anything: `{"items": [...]}`."""
    person = current()
    return as_json({"items": tokens_of(None if person.is_admin else person.user)})


@blueprint.post("/tokens")
def make() -> Response:
    """Make a token of `name`, `scopes` (list) and `expires_in` (seconds, default 90 days).

    The answer's `token` is shown this once.
    """
    told = request.get_json()
    if not isinstance(told, dict):
        return problem(400, "Bad request", "The body must be a JSON object.")
    unknown = sorted(set(told) - {"name", "scopes", "expires_in"})
    if unknown:
        return problem(400, "Bad parameter", f"{unknown[0][:60]!r} is not known here; name, "
                       "scopes and expires_in are.", parameter=unknown[0][:60])  # fmt: skip
    try:
        made = tokens.make(with_row(current()), *_wanted(told))
    except tokens.NotMade as fault:
        return problem(400, "Not made", str(fault))
    response = as_json(made)
    response.status_code = 201
    return response


@blueprint.delete("/tokens/<int:number>")
def revoke(number: int) -> Response:
    """Revoke a token for good; 404 when there is none of that id that one may revoke."""
    if number < 2**63 and tokens.revoke(number, current()):
        return Response(status=204)
    return problem(404, "No such token", f"There is no token {number} of yours to revoke.")


def _wanted(told: dict[str, Any]) -> tuple[str, list[str], int]:
    name, scopes = told.get("name"), told.get("scopes", ["read"])
    seconds = told.get("expires_in", tokens.DEFAULT_SECONDS)
    if not isinstance(name, str):
        raise tokens.NotMade("`name` must be a text.")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise tokens.NotMade("`scopes` must be a list of texts.")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise tokens.NotMade("`expires_in` must be a whole number of seconds.")
    return name, scopes, seconds
