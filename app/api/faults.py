"""Every fault of a request in one shape (RFC 9457), with what to do about it."""

import logging
from contextlib import suppress

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import (
    DataError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from app import away, revisions
from app.api.requests import problem
from app.database import patience, took_too_long
from app.view_fields import Contradiction, ParameterError

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "2"
# A table, or a column, that is not there.
NO_SUCH_TABLE = {"42P01", "42703"}
API = "/api/"
ANY_PAGE = "/<path:path>"
METHODS = ("GET", "HEAD", "POST", "DELETE")
CALLBACKS = "/_dash-update-component"


def register(server: Flask) -> None:
    """Answer every fault with a problem."""
    for kind in (OperationalError, InterfaceError, PoolTimeoutError):
        server.register_error_handler(kind, _database_away)
    server.register_error_handler(ParameterError, _bad_parameter)
    server.register_error_handler(DataError, _bad_value)
    server.register_error_handler(ProgrammingError, _no_such_table)
    server.register_error_handler(RecursionError, _too_deep)
    server.register_error_handler(HTTPException, _refused)
    server.register_error_handler(Exception, _unforeseen)


def _bad_parameter(error: ParameterError) -> Response:
    if isinstance(error, Contradiction) and request.path.startswith(API):
        return problem(409, "Contradiction", str(error), parameter=error.name)
    return problem(400, "Bad parameter", str(error), parameter=error.name)


def _database_away(error: SQLAlchemyError) -> Response:
    if took_too_long(error):
        log.warning("%s %s took too long", request.method, request.path)
        told = f"The database was stopped after {patience.get()} seconds; narrow the selection."
        return problem(503, "Takes too long", told)
    if not isinstance(error, PoolTimeoutError):
        away.note()
    log.warning("%s %s: the database does not answer: %s", request.method, request.path, error)
    told = "The database does not answer; try again soon."
    if request.method not in {"GET", "HEAD"}:
        told = (
            "The database does not answer: nothing can be changed now, nor was it. Try again soon."
        )
    response = problem(503, "Database away", told)
    response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def _no_such_table(error: ProgrammingError) -> Response:
    """Tables that were brought back, or far forward, beneath a running process."""
    if getattr(error.orig, "pgcode", None) in NO_SUCH_TABLE:
        with suppress(SQLAlchemyError):
            tables = revisions.look()
            if not tables.right:
                log.warning("%s %s: tables %s", request.method, request.path, tables.words())
                told = f"This needs other tables than there are: they are {tables.words()}."
                response = problem(503, "Other tables", told)
                response.headers["Retry-After"] = RETRY_AFTER_SECONDS
                return response
    return _unforeseen(error)


def _bad_value(error: DataError) -> Response:
    log.warning("%s %s: the database takes no such value: %s", request.method, request.path, error)
    return problem(400, "Bad value", "A value is none that the database can hold.")


def _too_deep(_error: RecursionError) -> Response:
    return problem(400, "Bad request", "The body is nested too deeply.")


def no_such_operation() -> HTTPException:
    """What an address under `/api/` that no operation has is refused by, for the asked method."""
    methods = _methods()
    return MethodNotAllowed(valid_methods=sorted(methods)) if methods else NotFound()


def _methods() -> set[str]:
    """The methods that an operation at the address takes; pages take any address there is."""
    adapter = current_app.create_url_adapter(request)
    found = set()
    for method in METHODS:
        with suppress(HTTPException, RequestRedirect):
            rule, _ = adapter.match(method=method, return_rule=True) if adapter else (None, {})
            if rule is not None and rule.rule != ANY_PAGE:
                found.add(method)
    return found


def _refused(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed) and request.path.startswith(API):
        error = no_such_operation()
    what = f"{request.method} {request.path[:200]}"
    response = problem(error.code or 500, error.name, f"{what}: {_told(error)}")
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _told(error: HTTPException) -> str:
    if request.path.startswith(API) and type(error) is NotFound and _is_usual(error):
        return "There is no such address; /api/v1/docs lists those there are."
    if isinstance(error, MethodNotAllowed):
        return f"This address takes {', '.join(sorted(error.valid_methods or ()))} only."
    if isinstance(error, RequestEntityTooLarge) and _is_usual(error):
        return "The body is larger than 1 MB."
    return error.description or "This cannot be answered."


def _is_usual(error: HTTPException) -> bool:
    """Whether nobody has said more than the status says by itself."""
    return error.description == type(error).description


def _unforeseen(error: Exception) -> Response:
    # Dash tells faults inside callbacks itself; what is left came of the request's form.
    if request.path == CALLBACKS:
        log.warning("A callback request could not be read: %r", error)
        return problem(400, "Bad request", "This is not a callback request of these pages.")
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "Internal fault", "Caseboard met a fault of its own; it was logged.")
