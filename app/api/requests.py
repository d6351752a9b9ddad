"""What API requests have in common: reading their parameters, and telling their faults."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import Response, g, request

from app.view import MAX_QUERY_LENGTH, View
from app.view_fields import ParameterError

Values = dict[str, list[str]]


def arguments() -> Values:
    """The request's parameters, each name with its values in order; blanks are kept."""
    query = request.query_string.decode("utf-8", "replace")
    if len(query) > MAX_QUERY_LENGTH:
        raise ParameterError("query", f"longer than {MAX_QUERY_LENGTH} characters")
    values: Values = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return values


def asked_view(values: Values | None = None) -> View:
    """The View of the request; ParameterError for anything that is not a View's parameter."""
    return View.from_values(arguments() if values is None else values)


def integer(values: Values, name: str, default: int, least: int, most: int) -> int:
    """Take a whole number out of the parameters; ParameterError outside `least..most`."""
    texts = values.pop(name, [])
    if not texts:
        return default
    text = texts[0]
    digits = text.isascii() and text.isdigit() and len(text) < 12
    if len(texts) > 1 or not digits or not least <= int(text) <= most:
        raise ParameterError(name, f"{text[:40]!r} is not a whole number from {least} to {most}")
    return int(text)


def reader_left() -> Callable[[], bool]:
    """Whether who made the request has gone, asked while the answer is under way.

    Only gunicorn tells the connection; elsewhere the reader is taken to stay.
    """
    connection: socket.socket | None = request.environ.get("gunicorn.socket")

    def left() -> bool:
        if connection is None:
            return False
        # A connection over TLS cannot be looked at without reading (ValueError).
        with suppress(BlockingIOError, ValueError):
            try:
                return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except (ConnectionError, TimeoutError):
                return True
        return False

    return left


def problem(status: int, title: str, detail: str, **members: Any) -> Response:
    """A fault in the one shape of all faults (RFC 9457): type, title, status, detail.

    `request_id` is what the lines of the log about it name.
    """
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    if "request_id" in g:
        body["request_id"] = g.request_id
    return Response(orjson.dumps(body), status, mimetype="application/problem+json")


def as_json(body: Mapping[str, Any]) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body, default=str), mimetype="application/json")
