"""The ranges of time of a View, as conditions on a case version."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement

from app.links import Instant
from app.versions import V
from app.view import View

Condition = ColumnElement[bool]
WEEK = timedelta(days=7)
COLUMNS = {"created": V.created_date, "closed": V.closed_at, "updated": V.updated_at}


def within(view: View) -> list[Condition]:
    """What the View's half-open ranges of creation, closing and update ask of a version."""
    asked: list[Condition] = []
    for name, column in COLUMNS.items():
        start, end = getattr(view, f"{name}_from"), getattr(view, f"{name}_to")
        if start:
            asked.append(column >= start)
        if end:
            asked.append(column < end)
    return asked


def soon_after(view: View, instant: Instant) -> list[Condition]:
    """Of what was created or closed within a week before an instant: it is a young version then.

    For the versions of that instant this says nothing new, but there is an index of such versions.
    """
    asked: list[Condition] = []
    if not isinstance(instant, datetime):
        return asked
    for name in ("created", "closed"):
        start, moment = getattr(view, f"{name}_from"), COLUMNS[name]
        if start and start > instant - WEEK:
            asked += [moment <= instant, V.valid_from - moment < WEEK]
    return asked
