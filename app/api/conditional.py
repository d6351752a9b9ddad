"""Before an operation is reached: are its parameters known, and has its reader the answer already?

An answer that depends on nothing but its address, the data version and the instant has an ETag made
of these, so that a reader who has it is told so (304) for one look at the version, and nothing else
is asked or computed. The instant of what is live is cut to the minute.
"""

import difflib
import hashlib
from collections.abc import Collection

import orjson
from flask import Flask, Response, current_app, g, request

from app.api.operation import Operation, operation_of
from app.api.requests import Values, arguments, asked_instant, asked_version
from app.cache import PREFIX
from app.view import View
from app.view_fields import FIELDS, ParameterError, write_instant

OURS = "/api/v1/"
SEEN_BY_ONE = "private, no-cache"


def register(server: Flask) -> None:
    """Look at every request for an operation, and mark its answer."""
    server.before_request(_arrive)
    server.after_request(_mark)


def _arrive() -> Response | None:
    g.etag = None
    if request.url_rule is None or not request.path.startswith(OURS):
        return None
    operation = operation_of(current_app.view_functions[str(request.endpoint)])
    if operation is None:
        return None
    values = arguments()
    refuse_unknown(values, operation.names())
    if operation.versioned and request.method in {"GET", "HEAD"}:
        g.etag = _tag(operation, values)
        if g.etag in request.if_none_match.as_set(include_weak=True):
            return Response(status=304)
    return None


def refuse_unknown(names: Collection[str], known: list[str]) -> None:
    """ParameterError for the first name that is none of the known ones."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known) or 'none'}"
            raise ParameterError(name[:60] or "(no name)", f"unknown parameter; {hint}")


def _tag(operation: Operation, values: Values) -> str | None:
    """The ETag's value; None for an address that cannot be followed, which its operation tells."""
    asked = {name: texts for name, texts in values.items() if name in FIELDS}
    beside = sorted((name, texts) for name, texts in values.items() if name not in FIELDS)
    if "sort" in asked and not _sorts_cases(operation):
        beside.append(("sort", asked.pop("sort")))
    try:
        view = View.from_values(asked)
    except ParameterError:
        return None
    version = asked_version()
    instant = write_instant(asked_instant(view))
    told = (PREFIX, request.path, view.to_query(), beside, version.key, version.mutes, instant)
    return hashlib.sha256(orjson.dumps(told)).hexdigest()[:32]


def _sorts_cases(operation: Operation) -> bool:
    """Whether `sort` names a case's columns here, and not those of something else."""
    return any(one.name == "sort" and one.shared for one in operation.takes)


def _mark(response: Response) -> Response:
    if g.get("etag") and response.status_code in {200, 304}:
        response.set_etag(g.etag, weak=True)
        response.headers["Cache-Control"] = SEEN_BY_ONE
        response.vary.update(("Authorization", "Cookie"))
    return response
