"""`/api/v1/openapi.json`: the description of the API (OpenAPI 3.1), read off the routes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from app.api.operation import Json, Operation, Parameter, Text, described, operation_of
from app.api.schemas import COMPONENTS, PROBLEM_KIND, component
from app.auth import policy
from app.auth.sessions import cookie_name
from app.settings import get_settings

blueprint = Blueprint("openapi", __name__, url_prefix="/api/v1")

PREFIX = "/api/v1"
TAG = "Description"
VERSION = "1"
METHODS = ("GET", "POST", "DELETE")
# What every operation may answer when all is not well.
FAULTS: dict[int, tuple[str, str]] = {
    400: ("Bad parameter", "severity: '9' is not one of 1, 2, 3, 4 (empty: not set)"),
    401: ("Sign in first", "Sign in, or send a token (Authorization: Bearer cb_...)."),
    403: ("Not allowed", "This needs a token with the scope read."),
    404: ("Not found", "There is nothing of that name."),
    409: ("Contradiction", "to: must be after from"),
    413: ("Request Entity Too Large", "The body is larger than 1 MB."),
    414: ("Address too long", "It has over 8100 characters."),
    415: ("Unsupported Media Type", "Send the body as application/json."),
    429: ("Too many requests", "Try again in 60 seconds."),
    500: ("Internal fault", "Caseboard met a fault of its own; it was logged."),
    503: ("Database away", "The database does not answer; try again soon."),
    504: ("Took too long", "It took too long until its turn came."),
}
WAITS = (429, 503)
ABOUT = """\
The board as data. Reads take the parameters of a View, which say what is looked at: filters, \
order, columns, zone, and the instant `as_of`. Repeat a parameter for "any of". Whatever cannot be \
followed is refused by a problem that names it; nothing is ignored.

Answers that depend on data have an `ETag`: sent back as `If-None-Match`, it brings 304 while \
nothing has changed. Texts are compressed for those that take gzip."""


@blueprint.get("/openapi.json")
@described(
    "This description",
    TAG,
    gives=Json({"type": "object"}, {"openapi": "3.1.0"}),
)
def openapi() -> Response:
    """The operations with their parameters, answers, faults and examples."""
    return Response(orjson.dumps(description(current_app)), mimetype="application/json")


def operations(server: Flask) -> Iterator[tuple[str, str, Rule, Operation | None]]:
    """Every route under `/api/v1`: method, path as OpenAPI has it, rule, what it declares."""
    for rule in sorted(server.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule.startswith(PREFIX):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in METHODS:
                if method in (rule.methods or ()):
                    found = operation_of(server.view_functions[rule.endpoint])
                    yield method, path, rule, found


def description(server: Flask) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    shared: dict[str, Any] = {}
    for method, path, rule, operation in operations(server):
        if operation is not None:
            told = _operation(method, path, rule, operation, shared)
            paths.setdefault(path, {})[method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {"title": "Caseboard", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "parameters": shared,
            "responses": {f"Fault{status}": _fault(status) for status in FAULTS},
            "securitySchemes": _schemes(),
        },
        "security": _security(),
    }


def _operation(
    method: str, path: str, rule: Rule, operation: Operation, shared: dict[str, Any]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": _name(method, path),
        "summary": operation.summary,
        "description": f"{operation.told}\n\n{_needs(method, rule)}",
        "tags": [operation.tag],
        "parameters": [_parameter(one, shared) for one in operation.takes],
        "responses": _answers(operation),
    }
    if operation.body is not None:
        schema = operation.body.schema
        required = bool(schema.get("required") or schema.get("oneOf"))
        told["requestBody"] = {"required": required, "content": _content(operation.body)}
    return told


def _name(method: str, path: str) -> str:
    words = re.findall(r"[a-z]+", path.removeprefix(PREFIX))
    return method.lower() + "".join(word.capitalize() for word in words)


def _needs(method: str, rule: Rule) -> str:
    need = policy.route(method, rule.rule)
    if need is None or need.role is None:
        return "Open to everybody."
    scope = f" a token, the scope `{need.scope}`" if need.scope else " no token will do"
    return f"Needs the role {need.role};{scope}."


def _parameter(one: Parameter, shared: dict[str, Any]) -> dict[str, Any]:
    told = parameter(one)
    if not one.shared:
        return told
    shared[one.name] = told
    return {"$ref": f"#/components/parameters/{one.name}"}


def parameter(one: Parameter) -> dict[str, Any]:
    """A parameter as OpenAPI writes it."""
    told: dict[str, Any] = {
        "name": one.name,
        "in": one.place,
        "required": one.place == "path",
        "description": one.told,
        "schema": one.schema,
    }
    if one.many:
        told["schema"] = {"type": "array", "items": one.schema}
        if one.many == "listed":
            told["schema"] |= {"minItems": 1, "uniqueItems": True}
        told |= {"style": "form", "explode": one.many == "repeated"}
    if one.example is not None:
        told["example"] = one.example
    return told


def _answers(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for status, kinds in operation.gives.items():
        answer: dict[str, Any] = {"description": "Done" if not kinds else operation.summary}
        if kinds:
            answer["content"] = {
                name: one for kind in kinds for name, one in _content(kind).items()
            }
        if operation.versioned:
            answer["headers"] = {"ETag": {"schema": {"type": "string"}}}
        told[str(status)] = answer
    if operation.versioned:
        told["304"] = {"description": "Nothing has changed since the answer with that ETag"}
    for status in sorted({*_possible(operation), *operation.faults}):
        own = operation.faults.get(status)
        told[str(status)] = (
            {**_fault(status), "description": own}
            if own
            else {"$ref": f"#/components/responses/Fault{status}"}
        )
    return told


def _possible(operation: Operation) -> set[int]:
    """The faults that an operation can meet by what it takes."""
    found = {400, 401, 403, 414, 429, 500, 503}
    if any(one.place == "path" for one in operation.takes):
        found.add(404)
    if any(one.place == "query" for one in operation.takes):
        found.add(409)
    return found | ({409, 413, 415} if operation.body else set())


def _fault(status: int) -> dict[str, Any]:
    title, detail = FAULTS[status]
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if status in {400, 409}:
        example["parameter"] = detail.partition(":")[0]
    told: dict[str, Any] = {
        "description": title,
        "content": {PROBLEM_KIND: {"schema": component("Problem"), "example": example}},
    }
    if status == 414:  # the web server itself refuses the longest ones
        told["content"]["text/html"] = {"schema": {"type": "string"}, "example": "<html>...</html>"}
    if status in WAITS:
        told["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    if status == 401:
        told["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return told


def _content(kind: Json | Text) -> dict[str, Any]:
    return {kind.kind: {"schema": kind.schema, "example": kind.example}}


def _schemes() -> Mapping[str, Any]:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "cb_...",
            "description": "A personal access token",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name(),
            "description": "The session of somebody who has signed in",
        },
    }


def _security() -> list[dict[str, list[str]]]:
    """Without a login whoever is at this machine may ask, and a token may be sent all the same."""
    nobody: list[dict[str, list[str]]] = [{}] if get_settings().auth == "none" else []
    return [*nobody, {"bearer": []}, {"session": []}]
