"""`/api/v1/embeds`: charts and tables for other pages; admins see and revoke those of all."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from app.api.body import asked_body
from app.api.operation import Json, described
from app.api.parameters import number
from app.api.requests import as_json, problem
from app.api.schemas import FLAG, INSTANT, TEXT, WHOLE, many, maybe, record
from app.api.view_query import view_query
from app.auth.person import current
from app.auth.users import with_row
from app.embeds import store
from app.embeds.ancestors import MOST, BadAncestor, origins
from app.embeds.claims import TABLE, THEMES
from app.embeds.store import Conflict, NotMade, Wanted
from app.one_line import ALL_SEEN
from app.panels import PANELS
from app.view_fields import ParameterError

blueprint = Blueprint("embeds", __name__, url_prefix="/api/v1")

TAG = "Embeds"
LARGEST_ID = 2**63
PIXELS = {"type": "integer", "minimum": store.SMALLEST, "maximum": store.LARGEST}
# Such origins are taken; of others that are, few can be told by a pattern.
ORIGIN_LIKE = r"^https://[a-z][a-z0-9]{0,30}(\.[a-z]{2,20}){0,3}(:[1-9][0-9]{0,3})?$"
EITHER = [
    {"required": ["chart"], "properties": {"kind": {"const": "chart"}}},
    {
        "required": ["kind"],
        "properties": {"kind": {"const": "table"}},
        "not": {"required": ["chart"]},
    },
]
MEMBERS = {
    "chart": {"type": "string", "enum": list(PANELS)},
    "kind": {
        "type": "string",
        "enum": ["chart", "table"],
        "description": "`table` is the case table, which goes without a chart",
    },
    "view": view_query(),
    "as_of": {
        "type": "string",
        "enum": ["live", "fixed"],
        "description": "Default: fixed where the View names an instant",
    },
    "expires_in": {
        "type": "integer",
        "minimum": 1,
        "maximum": store.MOST_SECONDS,
        "description": f"Seconds; default: {store.DEFAULT_SECONDS}",
    },
    "ancestors": {
        **many({"type": "string", "maxLength": 200, "pattern": ORIGIN_LIKE}),
        "maxItems": MOST,
        "description": "Origins of the pages that may show it; none by default",
    },
    "theme": {"type": "string", "enum": list(THEMES)},
    "title": {
        "type": "string",
        "minLength": 1,
        "maxLength": store.LONGEST_TITLE,
        "pattern": ALL_SEEN,
    },
    "width": PIXELS,
    "height": PIXELS,
}
BODY = Json(
    {**record(MEMBERS, optional=tuple(MEMBERS)), "oneOf": EITHER},
    {
        "chart": "backlog",
        "view": "account=Acme",
        "expires_in": 2_592_000,
        "ancestors": ["https://wiki.example.com"],
    },
)
MADE_EXAMPLE = {
    "id": 7,
    "url": "https://board.example.com/embed/Zk3dQ0aB.WzcsImJhY2tsb2ciXQ.kJx0",
    "kind": "chart",
    "chart": "backlog",
    "view": "account=Acme",
    "as_of": "live",
    "theme": "auto",
    "title": None,
    "width": 960,
    "height": 480,
    "ancestors": ["https://wiki.example.com"],
    "expires_at": "2026-03-02T09:30:00Z",
}

LISTED = record(
    {
        "id": WHOLE,
        "what": TEXT,
        "title": maybe(TEXT),
        "query": TEXT,
        "fixed": FLAG,
        "theme": TEXT,
        "ancestors": many(TEXT),
        "made_at": INSTANT,
        "expires_at": INSTANT,
        "used_at": maybe(INSTANT),
        "revoked_at": maybe(INSTANT),
        "expired": FLAG,
        "owner": TEXT,
        "ended": {**FLAG, "description": "Its maker may enter no more"},
    }
)
LISTED_EXAMPLE = {
    "id": 7,
    "what": "backlog",
    "title": None,
    "query": "account=Acme",
    "fixed": False,
    "theme": "auto",
    "ancestors": ["https://wiki.example.com"],
    "made_at": "2026-01-31T09:30:00Z",
    "expires_at": "2026-03-02T09:30:00Z",
    "used_at": None,
    "revoked_at": None,
    "expired": False,
    "owner": "Ana",
    "ended": False,
}
MADE = record(
    {
        "id": WHOLE,
        "url": TEXT,
        "kind": TEXT,
        "chart": maybe(TEXT),
        "view": TEXT,
        "as_of": TEXT,
        "theme": TEXT,
        "title": maybe(TEXT),
        "width": WHOLE,
        "height": WHOLE,
        "ancestors": many(TEXT),
        "expires_at": INSTANT,
    }
)


@blueprint.get("/embeds")
@described(
    "One's embeds",
    TAG,
    gives=Json(record({"items": many(LISTED)}), {"items": [LISTED_EXAMPLE]}),
)
def listed() -> Response:
    """One's embeds, for admins all, the live ones first; without their addresses."""
    person = with_row(current())
    return as_json({"items": store.embeds_of(None if person.is_admin else person.user)})


@blueprint.post("/embeds")
@described(
    "Make an embed",
    TAG,
    body=BODY,
    gives=Json(MADE, MADE_EXAMPLE),
    status=201,
    faults={409: "There are too many, or what is asked for contradicts itself or is too long"},
)
def make() -> Response:
    """Make a chart, or the case table, for other pages: whoever has its address sees it."""
    told = asked_body(make)
    try:
        made = store.make(with_row(current()), _wanted(told))
    except BadAncestor as fault:
        return problem(400, "Not made", str(fault), parameter="ancestors")
    except Conflict as fault:
        return problem(409, "Not made", str(fault))
    except NotMade as fault:
        return problem(400, "Not made", str(fault))
    response = as_json(made)
    response.status_code = 201
    return response


@blueprint.delete("/embeds/<int:number>")
@described(
    "Revoke an embed",
    TAG,
    takes=(number("The id of the embed"),),
    gives=None,
    status=204,
    faults={404: "There is no embed of that id that one may revoke"},
)
def revoke(number: int) -> Response:
    """Revoke an embed for good; admins revoke anybody's."""
    if number < LARGEST_ID and store.revoke(number, with_row(current())):
        return Response(status=204)
    return problem(404, "No such embed", f"There is no embed {number} of yours to revoke.")


def _wanted(told: Mapping[str, Any]) -> Wanted:
    kind = _one_of(told, "kind", ("chart", "table")) or "chart"
    chart = _text(told, "chart")
    if kind == "table" and chart is not None:
        raise ParameterError("chart", "does not go with kind table, which is the case table")
    if kind == "chart" and chart is None:
        raise ParameterError("chart", "must be given, as the name of a chart")
    if chart == TABLE:
        raise ParameterError("chart", "cases is no chart; give kind table for the case table")
    title = _text(told, "title")
    return Wanted(
        what=TABLE if kind == "table" else str(chart),
        query=_text(told, "view") or "",
        seconds=told.get("expires_in", store.DEFAULT_SECONDS),
        ancestors=origins(told.get("ancestors", [])),
        as_of=_one_of(told, "as_of", ("live", "fixed")),
        theme=_one_of(told, "theme", THEMES) or "auto",
        title=" ".join(title.split()) if title is not None else None,
        size=(
            told.get("width", store.USUAL_SIZE[0]),
            told.get("height", store.USUAL_SIZE[1]),
        ),
    )


def _text(told: Mapping[str, Any], name: str) -> str | None:
    """A text of whole characters only."""
    value: str | None = told.get(name)
    if value is not None and re.search("[\ud800-\udfff]", value):
        raise ParameterError(name, "holds half a character")
    return value


def _one_of(told: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str | None:
    value = _text(told, name)
    if value is not None and value not in known:
        raise ParameterError(name, f"{value[:40]!r} is none of {', '.join(known)}")
    return value
