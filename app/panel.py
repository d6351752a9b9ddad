"""A panel: one question about the cases, declared once.

From the declaration come the card on a page, its table, its CSV, its API answer and its cache key.
`select` is SQL from a scope (a View at an instant); `figure` is a pure function of the frame.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson
import pandas as pd
from sqlalchemy import Select

from app.annotations import annotations
from app.cache import remembered
from app.database import read
from app.marks import marked
from app.rows import plain_rows
from app.scope import Scope
from app.theme import Figure
from app.version import Version
from app.view import View
from app.view_fields import write_instant
from app.words import day_words, period_words

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of a panel's frame: its name, the heading people read, and its unit if a number."""

    name: str
    label: str
    unit: str = ""


def no_rows(_row: Row, _scope: Scope) -> Mapping[str, View]:
    """Nothing in a row is a number of cases."""
    return {}


def total(column: str) -> Callable[[pd.DataFrame], int]:
    """How many cases a figure is about: the sum of one of its columns."""

    def count(frame: pd.DataFrame) -> int:
        return int(frame[column].sum())

    return count


@dataclass(frozen=True, slots=True)
class Panel:
    """One question, its statement and its figure.

    `state` is its population: open cases, or all. `figure(frame, scope)` draws with the colour
    names of `app.theme`. The `customdata` of a point is the part of a query that a click on it adds
    to the address of the page; `meta` of a trace says the same of its entry in the legend.
    `rows(row, scope)` tells of a row of the frame, by column, the View whose rows a number counts.
    `frame(scope)` reads what `select` tells, where that can be had with less work than row by row.
    `n(frame)` is how many cases the figure is about, or how much of what `counted` says. `period`
    tells that it looks at one; where it is compared with another, the columns named in `compared`
    have one beside them, with `_before` at the end of its name. `empty` is what people read where
    there is nothing to draw.
    """

    name: str
    title: str
    question: str
    columns: tuple[Measure, ...]
    state: Literal["open", "all"]
    select: Callable[[Scope], Select[Any]]
    figure: Callable[[pd.DataFrame, Scope], Figure]
    n: Callable[[pd.DataFrame], int]
    frame: Callable[[Scope], pd.DataFrame] | None = None
    rows: Callable[[Row, Scope], Mapping[str, View]] = no_rows
    period: bool = False
    compared: tuple[str, ...] = ()
    counted: str = ""
    empty: str = "No case to draw here."


# Of longer tables the rest is for files.
LINKED_ROWS = 1_000
# A table of more cells than this is a long one, which comes once somebody opens it.
LONG_CELLS = 150
BEFORE = {"previous": "the period before", "year": "a year before"}


def columns_of(panel: Panel, scope: Scope) -> tuple[Measure, ...]:
    """The columns of a panel's frame for a scope."""
    if not panel.compared or not scope.period.compare:
        return panel.columns
    when = BEFORE[scope.period.compare]
    columns: list[Measure] = []
    for column in panel.columns:
        columns.append(column)
        if column.name in panel.compared:
            label = f"{column.label}, {when}"
            columns.append(Measure(f"{column.name}_before", label, column.unit))
    return tuple(columns)


def asked_of(panel: Panel, scope: Scope) -> Scope:
    """The scope as a panel sees it: filters and zone alone, with the panel's own state."""
    period = scope.period if panel.period else replace(scope.period, start=None, end=None)
    return replace(scope, view=population(panel, scope.view), period=period)


def frame(panel: Panel, scope: Scope) -> pd.DataFrame:
    """The panel's frame for a scope: the columns it declares, in their order."""
    asked = asked_of(panel, scope)
    answer = panel.frame(asked) if panel.frame else read(panel.select(asked))
    names = [column.name for column in columns_of(panel, scope)]
    return answer if list(answer.columns) == names else answer[names]


def population(panel: Panel, view: View) -> View:
    """The View whose cases a panel is about: its filters, with the panel's own state."""
    return view.only_filters().but(state=panel.state)


def answer(panel: Panel, scope: Scope, version: Version) -> str:
    """The finished JSON of a panel: title, sentence, n, figure, columns, rows and their links.

    Of a period it tells also what is noted in it. Remembered by (panel, scope, data version).
    """
    asked = asked_of(panel, scope)
    key = (panel.name, *asked.key, version.key)
    return remembered(key, lambda: _written(panel, asked, version, frame(panel, asked)))


def drawn(panel: Panel, scope: Scope, version: Version) -> tuple[str, bool]:
    """The same for a chart alone, which its card remembers; and whether its table is a long one.

    Then its rows are left out: they and their links take longer to make than all else.
    """
    asked = asked_of(panel, scope)
    known = frame(panel, asked)
    long = _is_long(*known.shape)
    return _written(panel, asked, version, known, bare=long), long


def is_long(told: Mapping[str, Any]) -> bool:
    """Whether the table of an answer is a long one."""
    return _is_long(len(told["rows"]), len(told["columns"]))


def _is_long(rows: int, columns: int) -> bool:
    return rows * columns > LONG_CELLS


def _sentence(panel: Panel, scope: Scope) -> str:
    """What a panel is about in words, its period included."""
    told = scope.view.sentence()
    if not panel.period:
        return told
    return f"{told}; {period_words(*scope.period.filled(), scope.view.tz)}"


def told_sentence(told: Mapping[str, Any]) -> str:
    """What an answer is about in words, with how many cases that are."""
    number = f"{told['n']:,} {told['counted']}" if told["counted"] else f"n {told['n']:,}"
    return f"{told['sentence']} · {number}"


def _written(
    panel: Panel, scope: Scope, version: Version, known: pd.DataFrame, *, bare: bool = False
) -> str:
    """The answer made of a frame, without rows where it shall be `bare`."""
    columns = columns_of(panel, scope)
    names = [column.name for column in columns]
    rows = [] if bare else plain_rows(known)
    links = [
        {name: view.to_query() for name, view in panel.rows(row, scope).items()}
        for row in (dict(zip(names, values, strict=True)) for values in rows[:LINKED_ROWS])
    ]
    noted = annotations(*scope.period.filled(), version) if panel.period else []
    told: dict[str, Any] = {
        "name": panel.name,
        "title": panel.title,
        "question": panel.question,
        "sentence": _sentence(panel, scope),
        "as_of": write_instant(scope.instant),
        "n": panel.n(known),
        "counted": panel.counted,
        "columns": [
            {"name": column.name, "label": column.label, "unit": column.unit} for column in columns
        ],
        "rows": rows,
        "links": links if any(links) else [],
        "figure": marked(panel.figure(known, scope), noted, scope),
        "annotations": [
            {"at": day_words(one.at, scope.view.tz), "told": one.words(scope.view.tz)}
            for one in noted
        ],
    }
    return orjson.dumps(told, default=str).decode()
