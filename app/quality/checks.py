"""How the check of stored days stands."""

from datetime import datetime

import orjson
from sqlalchemy import text

from app.cache import remembered
from app.database import snapshot
from app.scope import Scope
from app.version import Version

TOLD = "select count(*), max(checked_at) from snapshot_checks"


def checked(scope: Scope, version: Version) -> tuple[int, datetime | None]:
    """How many days are stored and compared, and when that was last done (UTC)."""
    days, at = orjson.loads(remembered(("checked", *scope.key, version.key), _compute))
    return days, datetime.fromisoformat(at) if at else None


def _compute() -> str:
    with snapshot() as connection:
        days, at = connection.execute(text(TOLD)).one()
    return orjson.dumps([days, at]).decode()
