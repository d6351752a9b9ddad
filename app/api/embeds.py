"""`/api/v1/embeds`: charts and tables for other pages; admins see and revoke those of all."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from app.api.requests import as_json, problem
from app.auth.person import current
from app.auth.users import with_row
from app.embeds import store
from app.embeds.ancestors import BadAncestor, origins
from app.embeds.claims import TABLE, THEMES
from app.embeds.store import NotMade, Wanted
from app.view_fields import ParameterError

blueprint = Blueprint("embeds", __name__, url_prefix="/api/v1")

KNOWN = ("chart", "kind", "view", "as_of", "expires_in", "ancestors", "theme", "title", "width",
         "height")  # fmt: skip
LARGEST_ID = 2**63


@blueprint.get("/embeds")
def listed() -> Response:
    """One's embeds, the live ones first, without their addresses: `{"items": [...]}`."""
    person = with_row(current())
    return as_json({"items": store.embeds_of(None if person.is_admin else person.user)})


@blueprint.post("/embeds")
def make() -> Response:
    """Make an embed; 201 with `id`, `url` and what it is.

    `chart` is the name of one, or `kind` is `table` for the case table. `view` is a query string,
    `expires_in` seconds (default 30 days), `ancestors` the origins of the pages that may show it.
    Also `as_of` (live, fixed), `theme` (auto, light, dark), `title`, and `width` and `height` of
    images.
    """
    told = request.get_json()
    if not isinstance(told, dict):
        return problem(400, "Bad request", "The body must be a JSON object.")
    for name in told:
        if name not in KNOWN:
            raise ParameterError(str(name)[:60], f"is not known here; {', '.join(KNOWN)} are")
    try:
        made = store.make(with_row(current()), _wanted(told))
    except BadAncestor as fault:
        return problem(400, "Not made", str(fault), parameter="ancestors")
    except NotMade as fault:
        return problem(400, "Not made", str(fault))
    response = as_json(made)
    response.status_code = 201
    return response


@blueprint.delete("/embeds/<int:number>")
def revoke(number: int) -> Response:
    """Revoke an embed for good; 404 when there is none of that id that one may revoke."""
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
        seconds=_whole(told, "expires_in", store.DEFAULT_SECONDS),
        ancestors=origins(_texts(told, "ancestors")),
        as_of=_one_of(told, "as_of", ("live", "fixed")),
        theme=_one_of(told, "theme", THEMES) or "auto",
        title=" ".join(title.split()) if title is not None else None,
        size=(
            _whole(told, "width", store.USUAL_SIZE[0]),
            _whole(told, "height", store.USUAL_SIZE[1]),
        ),
    )


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    if value is not None and not _is_text(value):
        raise ParameterError(name, "must be a text")
    return value


def _is_text(value: Any) -> bool:
    """Whether it is a text, of whole characters only."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def _texts(told: Mapping[str, Any], name: str) -> list[str]:
    value = told.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(map(_is_text, value)):
        raise ParameterError(name, "must be a list of texts")
    return value


def _one_of(told: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str | None:
    value = _text(told, name)
    if value is not None and value not in known:
        raise ParameterError(name, f"{value[:40]!r} is none of {', '.join(known)}")
    return value


def _whole(told: Mapping[str, Any], name: str, usual: int) -> int:
    value = told.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(name, "must be a whole number")
    return value
