"""A panel: one question about the cases, declared once.

From the declaration come the card on a page, its table, its CSV, its API answer and its cache key.
`select` is SQL from a View and an instant; `figure` is a pure function of the frame.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import pandas as pd
from sqlalchemy import Select

from app.cache import remembered
from app.database import read
from app.theme import Figure
from app.version import Version
from app.view import View
from app.view_fields import write_instant


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of a panel's frame: its name, the heading people read, and its unit if a number."""

    name: str
    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One question, its statement and its figure.

    `state` is its population: open cases, or all. `figure(frame, view)` draws with the colour
    names of `app.theme`, and puts into `customdata` of each point the query of the View whose rows
    the point counts, where there is one.
    """

    name: str
    title: str
    question: str
    columns: tuple[Measure, ...]
    state: Literal["open", "all"]
    select: Callable[[View, datetime], Select[Any]]
    figure: Callable[[pd.DataFrame, View], Figure]


def frame(panel: Panel, view: View, instant: datetime) -> pd.DataFrame:
    """The panel's frame for a View at an instant: the columns it declares, in their order."""
    answer = read(panel.select(view, instant))
    return answer[[column.name for column in panel.columns]]


def population(panel: Panel, view: View) -> View:
    """The View whose cases a panel is about: its filters, with the panel's own state."""
    return view.only_filters().but(state=panel.state)


def answer(panel: Panel, view: View, instant: datetime, version: Version) -> str:
    """The finished JSON of a panel: title, sentence, figure, columns and rows.

    Remembered by (panel, filters and zone of the View, instant, data version).
    """
    asked = population(panel, view)
    key = (panel.name, asked.to_query(), write_instant(instant), version.key)
    return remembered(key, lambda: _compute(panel, asked, instant))


def _compute(panel: Panel, view: View, instant: datetime) -> str:
    known = frame(panel, view, instant)
    told: dict[str, Any] = {
        "name": panel.name,
        "title": panel.title,
        "question": panel.question,
        "sentence": view.sentence(),
        "as_of": write_instant(instant),
        "columns": [
            {"name": column.name, "label": column.label, "unit": column.unit}
            for column in panel.columns
        ],
        "rows": known.astype(object).where(known.notna(), None).to_numpy().tolist(),
        "figure": panel.figure(known, view),
    }
    return orjson.dumps(told, default=str).decode()
