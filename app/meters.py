"""What a web process counts while it answers: requests, callbacks, faults, cache hits.

Labels come from lists of ours (rules of routes, functions of callbacks), so that no reader can make
the number of series grow. Counting never fails a request. gunicorn's processes count in files that
they share (`app.serving` looks after them); any other process counts in its memory.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

log = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
BEGUN = "caseboard.begun"
UNKNOWN = "none"
# Asked for by machines, again and again; a line for each would bury the others.
QUIET = ("/healthz", "/readyz", "/metrics", "/assets/", "/_dash-component-suites/")

REQUESTS = Counter("caseboard_http_requests", "Requests answered", ("method", "route", "status"))
REQUEST_SECONDS = Histogram(
    "caseboard_http_request_seconds", "From arrival to the first byte", ("route",), buckets=BUCKETS
)
CALLBACK_SECONDS = Histogram(
    "caseboard_callback_seconds", "The same of callbacks", ("callback",), buckets=BUCKETS
)
CALLBACK_FAULTS = Counter(
    "caseboard_callback_faults", "Callbacks that broke; people saw a notice", ("callback",)
)
CACHE = Counter("caseboard_cache_lookups", "Answers looked for in Redis", ("outcome",))

Application = Callable[..., Iterable[bytes]]
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})


def timed(application: Application) -> Application:
    """WSGI middleware, the outermost: notes when a request came, before it waits for anything."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[BEGUN] = time.perf_counter()
        return application(environ, start_response)

    return answer


def register(server: Flask) -> None:
    """Count and log every answer; `server` must register this before what changes answers."""

    @server.after_request
    def count(response: Response) -> Response:
        try:
            _count(response)
        except Exception:  # a full disk under the counters is no reason to refuse an answer
            log.exception("A request was not counted")
        return response


def _count(response: Response) -> None:
    begun = request.environ.get(BEGUN)
    seconds = time.perf_counter() - begun if begun else 0.0
    route = str(request.url_rule) if request.url_rule else UNKNOWN
    method = request.method if request.method in METHODS else UNKNOWN
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)
    callback = g.get("callback")
    if callback:
        CALLBACK_SECONDS.labels(callback).observe(seconds)
    level = logging.DEBUG if request.path.startswith(QUIET) else logging.INFO
    if response.status_code >= 500:
        level = logging.WARNING
    if log.isEnabledFor(level):
        # The route and not the address: addresses hold what people look for.
        told = {"status": response.status_code, "ms": round(seconds * 1_000, 1)}
        about = {"callback": callback} if callback else {}
        log.log(level, "%s %s", method, route, extra={"fields": {**told, **about}})


def counted(tell_fault: Callable[[Exception], Any]) -> Callable[[Exception], Any]:
    """What Dash calls when a callback breaks, counting that it did."""

    def tell(error: Exception) -> Any:
        CALLBACK_FAULTS.labels(g.get("callback") or UNKNOWN).inc()
        return tell_fault(error)

    return tell


def looked_up(outcome: str) -> None:
    """Count a look into the cache: hit, miss, or away (Redis does not answer)."""
    CACHE.labels(outcome).inc()
