"""`/healthz` and `/readyz`: is the process alive, and may it be given work?"""

import threading

from flask import Blueprint, Response
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.api.requests import as_json
from app.cache import OPTIONS
from app.database import current_revision, head_revision
from app.settings import get_settings

blueprint = Blueprint("health", __name__)

# Set as soon as this process has been ready.
_seen = threading.Event()


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return as_json({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """The database answers and has the tables of this version; 503 otherwise.

    A process that has been ready stays so while the database is away, for it shows what it showed
    before. Redis is told of, but only makes things faster: without it all is ready all the same.
    """
    checks = {"database": "ok", "migrations": "ok", "redis": redis_state()}
    try:
        found, wanted = current_revision(), head_revision()
        if found != wanted:
            checks["migrations"] = f"at {found}, needs {wanted}: run `caseboard db upgrade`"
    except SQLAlchemyError as error:
        checks["database"] = f"does not answer ({type(error).__name__})"
        checks["migrations"] = "unknown"
    ready = checks["database"] == checks["migrations"] == "ok"
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
