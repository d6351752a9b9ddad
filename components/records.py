"""A row of the case table as people read it."""

from collections.abc import Mapping
from datetime import datetime

from app.columns import COLUMNS
from app.words import WAITING_NAMES
from components.text import moment


def shown_row(row: Mapping[str, object], zone: str) -> dict[str, object]:
    """A row for the grid: texts as people read them, numbers as numbers."""
    return {name: _shown(name, value, zone) for name, value in row.items()}


def _shown(name: str, value: object, zone: str) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, datetime):
        return moment(value, zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "waiting_on" and value is not None:
        return WAITING_NAMES.get(str(value), str(value))
    if isinstance(value, str) and name in COLUMNS and len(value) > LONGEST_CELL:
        return f"{value[:LONGEST_CELL]}…"
    return value


# A cell shows one line; the whole text is in the detail, on the case's page and in the file.
LONGEST_CELL = 400
