"""`/healthz` and `/readyz`: is the process alive, and may it be given work?"""

import threading

from flask import Blueprint, Flask, Response, request
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app import database, revisions
from app.api.requests import as_json, problem
from app.cache import OPTIONS
from app.settings import get_settings

blueprint = Blueprint("health", __name__)

# Set as soon as this process has been ready.
_seen = threading.Event()
# What is answered before that, too.
ALWAYS = ("/healthz", "/readyz", "/metrics", "/assets/")
RETRY_AFTER_SECONDS = "5"


def register(server: Flask) -> None:
    """Refuse kindly whatever comes before there are tables to answer from."""
    # A release that starts must not be asked for columns that its migration will bring.
    database.head_revision()

    @server.before_request
    def hold() -> Response | None:
        if _seen.is_set() or request.path.startswith(ALWAYS):
            return None
        try:
            tables = revisions.look()
        except SQLAlchemyError:
            # That is told by whoever needs the database.
            return None
        if tables.serve:
            _seen.set()
            return None
        answer = problem(503, "Not ready", f"The tables are {tables.words()}.")
        answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
        return answer


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return as_json({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """The database answers and has tables that this release can serve; 503 otherwise.

    Those of a newer release it can: during an upgrade nobody is sent away from what serves still.
    A process that has been ready stays so while the database is away, for it shows what it showed
    before. Redis is told of, but only makes things faster: without it all is ready all the same.
    """
    checks = {"database": "ok", "migrations": "ok", "redis": redis_state()}
    try:
        tables = revisions.look()
        serve = tables.serve
        if not tables.right:
            checks["migrations"] = tables.words()
    except SQLAlchemyError as error:
        serve = False
        checks["database"] = f"does not answer ({type(error).__name__})"
        checks["migrations"] = "unknown"
    ready = checks["database"] == "ok" and serve
    away = checks["database"] != "ok" and _seen.is_set()
    if ready:
        _seen.set()
    status = "ready" if ready else "shows the last board" if away else "not ready"
    response = as_json({"status": status, "checks": checks})
    response.status_code = 200 if ready or away else 503
    return response


def redis_state() -> str:
    """Whether Redis answers, in words; `ok` when it does."""
    url = get_settings().redis_url
    if url is None:
        return "not configured: answers are not remembered"
    try:
        with Redis.from_url(url, **OPTIONS) as client:
            client.ping()
    except (RedisError, OSError) as error:
        return f"does not answer ({type(error).__name__}): answers are not remembered"
    return "ok"
