"""What API requests have in common: reading their parameters, and telling their faults."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from flask import Response, g, request

from app.period import USUAL, Period
from app.scope import Scope
from app.version import Version, data_version
from app.view import MAX_QUERY_LENGTH, View
from app.view_fields import ParameterError
from app.words import file_name

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


def asked_version() -> Version:
    """The data version, looked up once a request."""
    if "data_version" not in g:
        g.data_version = data_version()
    version: Version = g.data_version
    return version


def look_at_version_anew() -> None:
    """The data have another version by now, and what is answered has no mark yet."""
    g.pop("data_version", None)
    g.etag = None


def asked_instant(view: View) -> datetime:
    """The instant that a View is looked at (UTC), one and the same for the whole request."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    return view.instant(g.now, asked_version().changed_at)


def asked_scope(view: View, period: Period = USUAL) -> Scope:
    """What a panel or a list is asked: the View at its instant, under the data version."""
    return Scope.of(view, asked_instant(view), asked_version(), period)


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


def as_csv(rows: Iterator[bytes], title: str) -> Response:
    """A CSV file, streamed; its name is made of the title."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name(title)}.csv"'}
    return Response(rows, mimetype="text/csv", headers=headers)


def as_json(body: Mapping[str, Any]) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body, default=str), mimetype="application/json")
