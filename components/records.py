"""Rows of the case table as people read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.columns import COLUMNS
from app.words import WAITING_NAMES
from components.text import moment

# A cell shows one line; the whole text is in the detail, on the case's page and in the file.
LONGEST_CELL = 400


def shown_rows(rows: Sequence[Mapping[str, object]], zone: str) -> list[dict[str, object]]:
    """Rows for the grid: texts as people read them, instants in a zone, numbers as numbers."""
    # A hundred rows have a thousand cells: the commonest kinds stay as they are, without a call.
    return [
        {
            name: value
            if (kind := type(value)) is int
            or (kind is str and len(value) <= LONGEST_CELL and name != "waiting_on")  # type: ignore[arg-type]
            else _shown(name, value, zone)
            for name, value in row.items()
        }
        for row in rows
    ]


def _shown(name: str, value: object, zone: str) -> object:
    kind = type(value)
    if kind is datetime:
        return moment(value, zone)  # type: ignore[arg-type]
    if kind is bool:
        return "yes" if value else "no"
    if kind is list:
        return ", ".join(map(str, value))  # type: ignore[call-overload]
    return _text(name, value) if kind is str else value  # type: ignore[arg-type]


def _text(name: str, value: str) -> str:
    if name == "waiting_on":
        return WAITING_NAMES.get(value, value)
    return f"{value[:LONGEST_CELL]}…" if name in COLUMNS else value
