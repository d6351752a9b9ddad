"""Rows of a frame as the case table shows them."""

from datetime import datetime

import pandas as pd

from app.columns import COLUMNS
from app.view import View
from app.words import WAITING_NAMES
from components.text import moment


def shown_rows(frame: pd.DataFrame, view: View) -> list[dict[str, object]]:
    """The rows of a frame for the grid: texts as people read them, numbers as numbers."""
    table = frame.astype(object)
    return [
        {name: _shown(name, value, view.tz) for name, value in zip(table.columns, row, strict=True)}
        for row in table.itertuples(index=False, name=None)
    ]


def _shown(name: str, value: object, zone: str) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return None
    kind = COLUMNS[name].kind
    if kind == "instant" and isinstance(value, datetime):
        return moment(value, zone)
    if kind == "flag":
        return "yes" if value else "no"
    if name == "waiting_on":
        return WAITING_NAMES.get(str(value), str(value))
    return value
