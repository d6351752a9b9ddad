"""`/api/v1/annotations`: what is noted about instants."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response

from app.annotations import LONGEST_TEXT, Annotation, NotNoted, add, annotations, delete
from app.api.body import asked_body
from app.api.operation import Json, described
from app.api.parameters import INSTANT_GIVEN, PERIOD, ZONE, number
from app.api.requests import arguments, as_json, problem
from app.api.schemas import component, many, record
from app.auth.person import current
from app.one_line import SOME_SEEN
from app.period import Period
from app.view_fields import FIELDS, parse_instant, write_instant

blueprint = Blueprint("annotations", __name__, url_prefix="/api/v1")

TAG = "Annotations"
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LARGEST_ID = 2**63
EXAMPLE = {
    "id": 7,
    "kind": "person",
    "at": "2026-01-31T09:30:00Z",
    "until": None,
    "told": "Moved to the new portal",
    "author": "user:3",
}
BODY = Json(
    record(
        {
            "at": {**INSTANT_GIVEN, "description": "When; a date is midnight in `tz`"},
            "told": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_TEXT,
                "pattern": SOME_SEEN,
            },
            "tz": ZONE[0].schema,
        },
        optional=("tz",),
    ),
    {"at": "2026-01-31T09:30:00Z", "told": "Moved to the new portal"},
)


@blueprint.get("/annotations")
@described(
    "What is noted",
    TAG,
    takes=(*PERIOD, *ZONE),
    gives=Json(record({"items": many(component("Annotation"))}), {"items": [EXAMPLE]}),
)
def listed() -> Response:
    """What is noted between `from` and `to`, the newest first, 200 at most.

    By people; and of itself gaps of a sync, new SLA policies, and imports.
    """
    values = arguments()
    zone = FIELDS["tz"].parse(values.pop("tz"), "UTC") if "tz" in values else "UTC"
    period = Period.taken(values, zone)
    told = annotations(period.start or FIRST, period.end or LAST, None)
    return as_json({"items": [_plain(one, zone) for one in told]})


@blueprint.post("/annotations")
@described(
    "Note something",
    TAG,
    body=BODY,
    gives=Json(component("Annotation"), EXAMPLE),
    status=201,
)
def make() -> Response:
    """Note `told` about the instant `at`; it is drawn on every chart of days."""
    told = asked_body(make)
    zone = FIELDS["tz"].parse([told["tz"]], "UTC") if "tz" in told else "UTC"
    try:
        made = add(current(), parse_instant("at", told["at"], zone), told["told"])
    except NotNoted as fault:
        return problem(400, "Not noted", str(fault), parameter="told")
    response = as_json(_plain(made, zone))
    response.status_code = 201
    return response


@blueprint.delete("/annotations/<int:number>")
@described(
    "Delete an annotation",
    TAG,
    takes=(number("The id of the annotation"),),
    gives=None,
    status=204,
    faults={404: "There is no annotation of a person of that id"},
)
def remove(number: int) -> Response:
    """Delete what a person has noted."""
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
