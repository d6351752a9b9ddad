"""`/api/v1/annotations`: what is noted about instants."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from app.annotations import Annotation, NotNoted, add, annotations, delete
from app.api.requests import arguments, as_json, problem
from app.auth.person import current
from app.period import Period
from app.view_fields import FIELDS, ParameterError, parse_instant, write_instant

blueprint = Blueprint("annotations", __name__, url_prefix="/api/v1")

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
KNOWN = ("at", "told", "tz")
LARGEST_ID = 2**63


@blueprint.get("/annotations")
def listed() -> Response:
    """What is noted between `from` and `to`, newest first: `{"items": [...]}`."""
    values = arguments()
    zone = FIELDS["tz"].parse(values.pop("tz"), "UTC") if "tz" in values else "UTC"
    period = Period.taken(values, zone)
    if period.compare:
        raise ParameterError("compare", "is not known here; from, to and tz are")
    if values:
        raise ParameterError(next(iter(values))[:60], "is not known here; from, to and tz are")
    told = annotations(period.start or FIRST, period.end or LAST, None)
    return as_json({"items": [_plain(one, zone) for one in told]})


@blueprint.post("/annotations")
def make() -> Response:
    """Note `told` about the instant `at` (ISO 8601; a date alone is midnight in `tz`)."""
    told = request.get_json()
    if not isinstance(told, dict):
        return problem(400, "Bad request", "The body must be a JSON object.")
    for name in told:
        if name not in KNOWN:
            raise ParameterError(str(name)[:60], f"is not known here; {', '.join(KNOWN)} are")
    for name in KNOWN:
        if not isinstance(told.get(name, "" if name == "tz" else None), str):
            raise ParameterError(name, "must be given, as a text")
    if not current().is_editor:
        return problem(403, "Not allowed", "Only editors annotate.")
    zone = FIELDS["tz"].parse([told["tz"]], "UTC") if told.get("tz") else "UTC"
    try:
        made = add(current(), parse_instant("at", told["at"], zone), told["told"])
    except NotNoted as fault:
        return problem(400, "Not noted", str(fault), parameter="told")
    response = as_json(_plain(made, zone))
    response.status_code = 201
    return response


@blueprint.delete("/annotations/<int:number>")
def remove(number: int) -> Response:
    """Delete an annotation; 404 when there is none of that id."""
    if not current().is_editor:
        return problem(403, "Not allowed", "Only editors delete annotations.")
    unknown = problem(404, "No such annotation", f"There is no annotation {number}.")
    if number >= LARGEST_ID:
        return unknown
    try:
        delete(current(), number)
    except NotNoted:
        return unknown
    return Response(status=204)


def _plain(one: Annotation, zone: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "at": write_instant(one.at),
        "until": write_instant(one.end) if one.end else None,
        "told": one.words(zone),
        "author": one.author,
    }
