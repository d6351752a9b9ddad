"""`/api/v1/views`: Views with a name, one's own, those of the team, and the ready-made ones."""

from flask import Blueprint, Response

from app.api.body import asked_body
from app.api.operation import Json, Parameter, described
from app.api.requests import as_json, problem
from app.api.schemas import FLAG, component, many, record
from app.api.view_query import view_query
from app.auth.person import current
from app.one_line import ALL_SEEN
from app.saved_views import (
    LONGEST_NAME,
    NamedView,
    NotAllowed,
    NotSaved,
    Taken,
    delete,
    save,
    views_of,
)
from app.view import View

blueprint = Blueprint("views", __name__, url_prefix="/api/v1")

TAG = "Saved views"
EXAMPLE = {
    "id": "7",
    "name": "Urgent at Acme",
    "kind": "own",
    "query": "severity=1&account=Acme",
    "pinned": False,
    "opening": False,
    "may_change": True,
}
BODY = Json(
    record(
        {
            "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_NAME,
                "pattern": ALL_SEEN,
            },
            "view": view_query(),
            "team": {**FLAG, "description": "For everybody (editors); default: one's own"},
        },
        optional=("team",),
    ),
    {"name": "Urgent at Acme", "view": "severity=1&account=Acme", "team": False},
)
ID = Parameter(
    "view", "The id of the View", {"type": "string", "minLength": 1}, "path", example="7"
)


@blueprint.get("/views")
@described(
    "Views with a name",
    TAG,
    gives=Json(record({"items": many(component("SavedView"))}), {"items": [EXAMPLE]}),
)
def listed() -> Response:
    """All that one can choose, the ready-made ones first; `query` is what an address takes."""
    return as_json({"items": [_plain(one) for one in views_of(current())]})


@blueprint.post("/views")
@described(
    "Save a View",
    TAG,
    body=BODY,
    gives=Json(component("SavedView"), EXAMPLE),
    status=201,
    faults={
        403: "Only editors save Views for the team",
        409: "The name is taken, or what the View asks contradicts itself",
    },
)
def make() -> Response:
    """Save a View under a name. Its zone and instant are not kept: they belong to who looks."""
    told = asked_body(make)
    view = View.from_query(told["view"])
    try:
        made = save(current(), told["name"], view, {}, team=told.get("team", False))
    except NotAllowed as fault:
        return problem(403, "Not allowed", str(fault), parameter="team")
    except Taken as fault:
        return problem(409, "Name taken", str(fault), parameter="name")
    except NotSaved as fault:
        return problem(400, "Not saved", str(fault), parameter="name")
    response = as_json(_plain(next(one for one in views_of(current()) if one.id == made)))
    response.status_code = 201
    return response


@blueprint.delete("/views/<view>")
@described(
    "Delete a View",
    TAG,
    takes=(ID,),
    gives=None,
    status=204,
    faults={403: "A ready-made View", 404: "There is no such View, or it is not yours to delete"},
)
def remove(view: str) -> Response:
    """Delete a View of one's own; editors also those of the team."""
    try:
        delete(current(), view)
    except NotAllowed as fault:
        return problem(403, "Not allowed", str(fault))
    except NotSaved as fault:
        return problem(404, "No such view", str(fault))
    return Response(status=204)


def _plain(one: NamedView) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "query": one.view.to_query(),
        "pinned": one.pinned,
        "opening": one.opening,
        "may_change": one.may_change,
    }
