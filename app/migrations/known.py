"""The revisions that this release knows, and how it goes from one to another."""

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from app.settings import SettingsError

MIGRATIONS = Path(__file__).parent
LOCK_NOT_AVAILABLE = "55P03"
LOCK_ATTEMPTS = 15


@lru_cache(maxsize=1)
def known() -> tuple[str, ...]:
    """All revisions, the newest first. Looked up once: a newer release may be put in our place."""
    scripts = ScriptDirectory.from_config(alembic())
    return tuple(script.revision for script in scripts.walk_revisions())


def alembic() -> Config:
    """Alembic's own settings."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def refuse_newer(found: str | None) -> None:
    """Leave tables alone that are at a revision which only a newer release knows: SettingsError."""
    if found is not None and found not in known():
        raise SettingsError(
            f"The tables are at revision {found}, which is of a newer release of Caseboard: this "
            f"one knows {known()[0]} and what is before it. Install the newer release; or go "
            f"back with it first: caseboard db downgrade {known()[0]}"
        )


def refuse_unknown(revision: str) -> None:
    """SettingsError for a revision to go back to that there is none of."""
    if revision not in {"base", *known()}:
        raise SettingsError(
            f"There is no revision {revision!r} to go back to: they are {known()[-1]} to "
            f"{known()[0]}, and base (no tables at all)."
        )


def patiently(migrate: Callable[[], None]) -> None:
    """Migrate; again, where a reader held a lock for longer than people may wait behind us."""
    for attempt in range(LOCK_ATTEMPTS):
        try:
            return migrate()
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            if attempt == LOCK_ATTEMPTS - 1:
                raise
        time.sleep(1 + attempt / 2)
    return None
