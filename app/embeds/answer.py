"""What an embed shows now: its chart or the first rows of its table, as finished JSON.

Nothing in it leads on: no filters that a click would add, no rows behind a number.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from app.block import block
from app.cache import PREFIX
from app.columns import COLUMNS, Column
from app.embeds.claims import TABLE, Claims
from app.facets import number_of_rows
from app.panel import Panel, population
from app.panel import answer as panel_answer
from app.panels import PANELS
from app.place import read_address
from app.scope import Scope
from app.theme import PALETTES, template
from app.version import Version
from app.view import View
from app.words import SEVERITY_NAMES, SLA_NAMES, WAITING_NAMES, day_words

ROWS = 100
# Ages go on without any change of the data; an embed tells them anew this often.
AGING_MINUTES = 15
LONGEST_CELL = 400
# Of a trace: what a click on it or on its entry in the legend would do.
LEADS_ON = ("customdata", "meta")
THEMES = {
    name: {"palette": PALETTES[name], "template": {"layout": template(name)}} for name in PALETTES
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An embed's claims under a version of the data: its View and period at an instant.

    `panel` is None for the case table.
    """

    claims: Claims
    version: Version
    panel: Panel | None
    scope: Scope

    @classmethod
    def of(cls, claims: Claims, version: Version) -> "Asked":
        """Whatever else is asked, the View is the one that was signed."""
        panel = PANELS[claims.what] if claims.what != TABLE else None
        period = panel is not None and panel.period
        view, within = read_address(claims.query, period=period)
        now = datetime.now(UTC)
        told = now.replace(minute=now.minute // AGING_MINUTES * AGING_MINUTES)
        changed = version.changed_at
        instant = view.instant(max(told, min(changed, now)) if changed else told, changed)
        return cls(claims, version, panel, Scope.of(view, instant, version, within))

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.claims.title or (self.panel.title if self.panel else "Cases")

    @property
    def rows(self) -> View:
        """The View whose rows on the board it is about."""
        view = self.scope.view
        return population(self.panel, view) if self.panel else view

    @property
    def mark(self) -> str:
        """What tells this answer from another one: the same mark, the same to see."""
        told = (PREFIX, self.claims.what, self.title, *self.scope.key, self.version.key)
        return hashlib.sha256(orjson.dumps(told)).hexdigest()[:32]

    @property
    def time(self) -> str:
        """Of when the data are, in words."""
        zone = self.scope.view.tz
        if self.scope.view.as_of is not None:
            return f"As known on {_moment(self.scope.view.as_of, zone)}"
        changed = self.version.changed_at
        return f"Data of {_moment(changed, zone)}" if changed else "No data yet"


def answer(asked: Asked) -> bytes:
    """The JSON: `kind`, `title`, `sentence`, `time`, `themes`, and what is drawn.

    A chart has `empty`, `figure` and `annotations`; a table `heads`, `rows` and `told`.
    """
    shown = _chart(asked, asked.panel) if asked.panel else _table(asked)
    return orjson.dumps(
        {"title": asked.title, "time": asked.time, "themes": THEMES, **shown}, default=str
    )


def _chart(asked: Asked, panel: Panel) -> dict[str, Any]:
    told = orjson.loads(panel_answer(panel, asked.scope, asked.version))
    counted = f"{told['n']:,} {told['counted']}" if told["counted"] else f"n {told['n']:,}"
    figure = told["figure"]
    return {
        "kind": "chart",
        "question": panel.question,
        "sentence": f"{told['sentence']} · {counted}",
        "empty": not told["rows"] or not told["n"],
        "figure": {**figure, "data": [_inert(trace) for trace in figure["data"]]},
        "annotations": told["annotations"],
    }


def _inert(trace: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in trace.items() if name not in LEADS_ON}


def _table(asked: Asked) -> dict[str, Any]:
    view, instant = asked.scope.view, asked.scope.instant
    found, _ = block(view, instant, asked.version, 0, ROWS)
    total = number_of_rows(view, instant, asked.version)
    # The block tells of each row more than its columns.
    columns = [COLUMNS[name] for name in view.columns]
    rows = [[_cell(column, row[column.name], view.tz) for column in columns] for row in found]
    shown = f"{len(rows):,} of {total:,}" if len(rows) < total else f"{total:,}"
    return {
        "kind": "table",
        "sentence": view.sentence(),
        "empty": not rows,
        "told": f"{shown} {'case' if total == 1 else 'cases'}",
        "heads": [[_head(column), bool(column.unit)] for column in columns],
        "rows": rows,
    }


def _head(column: Column) -> str:
    return f"{column.label} ({column.unit})" if column.unit else column.label


def _cell(column: Column, value: Any, zone: str) -> list[str]:
    """A value as people read it, and where colour means something the name of its colour."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return ["–"]
    if column.name == "severity":
        return [SEVERITY_NAMES.get(value, str(value)), f"severity-{value}"]
    if column.name == "sla":
        return [SLA_NAMES.get(value, str(value)).capitalize(), f"sla-{value}"]
    text = WAITING_NAMES.get(value) if column.name == "waiting_on" else None
    text = text or _words(value, zone)
    return [text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"]


def _words(value: Any, zone: str) -> str:
    match value:
        case datetime():
            return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.1f}"
        case list():
            return ", ".join(map(str, value))
    return str(value)


def _moment(instant: datetime, zone: str) -> str:
    return day_words(instant.replace(second=0, microsecond=0), zone)
