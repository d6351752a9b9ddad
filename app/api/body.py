"""The body of a request, read as its operation declares it."""

import json
from collections.abc import Callable
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.api.operation import operation_of
from app.view_fields import ParameterError

Check = Callable[[Any], bool]

TYPES: dict[str, tuple[Check, str]] = {
    "string": (lambda value: isinstance(value, str), "a text"),
    "integer": (lambda value: _whole(value) is not None, "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "array": (
        lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
        "a list of texts",
    ),
}


def asked_body(view: Callable[..., Any]) -> dict[str, Any]:
    """The JSON object sent to the function of a route, each value of the type it declares.

    No body at all is an empty object where nothing is required. Raises ParameterError, which names
    `body` or the member that is missing, unknown or of a wrong type; what values may be, the act
    itself decides.
    """
    operation = operation_of(view)
    schema = operation.body.schema if operation and operation.body else {}
    known, required = schema.get("properties", {}), schema.get("required", [])
    told = _read() if required or request.get_data() else {}
    for name in told:
        if name not in known:
            fault = f"{str(name)[:60]!r} is not known here; {', '.join(known)} are"
            raise ParameterError(str(name)[:60], fault)
    for name in required:
        if name not in told:
            raise ParameterError(name, "must be given")
    for name, value in told.items():
        fits, words = TYPES[known[name]["type"]]
        if not fits(value):
            raise ParameterError(name, f"must be {words}")
    return {name: _whole(value) if _is_float(value) else value for name, value in told.items()}


def _whole(value: Any) -> int | None:
    """The whole number that a JSON number is: 60.0 is one too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if _is_float(value) and value.is_integer() else None


def _is_float(value: Any) -> bool:
    return isinstance(value, float)


def _read() -> dict[str, Any]:
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        told = json.loads(request.get_data())
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise ParameterError("body", f"is not JSON {where}") from None
    except ValueError:
        raise ParameterError("body", "is not JSON in UTF-8") from None
    if not isinstance(told, dict):
        raise ParameterError("body", "must be a JSON object")
    return told
