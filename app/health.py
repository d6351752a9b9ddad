"""`/healthz` and `/readyz`: is the process alive, and may it be given work?"""

from flask import Blueprint, Response
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.api.requests import as_json
from app.cache import OPTIONS
from app.database import current_revision, head_revision
from app.settings import get_settings

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return as_json({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """The database answers and has the tables of this version; 503 otherwise.

    Redis is told of, but only makes things faster: without it Caseboard is ready all the same.
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
    response = as_json({"status": "ready" if ready else "not ready", "checks": checks})
    response.status_code = 200 if ready else 503
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
