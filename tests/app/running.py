"""The statements that the database works on."""

import time

from sqlalchemy import text

from app import database

SECONDS = 5.0


def ends(beginning: str) -> bool:
    """Whether no statement that begins so is at work; it may be a moment before one notices."""
    asked = text(
        "select count(*) from pg_stat_activity where query like :told and state = 'active'"
    )
    given_up = time.monotonic() + SECONDS
    while database.read(asked, {"told": f"{beginning}%"}).iloc[0, 0]:
        if time.monotonic() > given_up:
            return False
        time.sleep(0.05)
    return True
