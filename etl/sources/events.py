"""An event log: one row per update of a case, as ServiceNow and others export it.

What a row says holds from the time of its update on. Columns that repeat a final instant on every
row (created, resolved, relief) hold from that instant itself on, so that no past state knows its
own future.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl.errors import FileRefused, Malformed
from etl.records import Fact, Observation, Rejected, canonical_instant
from etl.sources.event_map import STAMPS, TEXTS, EventMap
from etl.sources.lines import Line, Progress, read_lines

FIRST_YEAR, LAST_YEAR = 1970, 2200
LONGEST_KEY = 200
LARGEST_SEQUENCE = 2**62

NO_SHIFT = timedelta(0)


def read_events(
    path: Path,
    event_map: EventMap,
    *,
    shift: timedelta = NO_SHIFT,
    progress: Progress | None = None,
) -> Iterator[Observation | Rejected]:
    """Every row of an event log, understood or not; `shift` moves all its instants.

    Raises FileRefused when the file as a whole cannot be read.
    """
    lines = read_lines(path, event_map.delimiter, progress)
    header = _header(path, next(lines), event_map)
    empty = True
    for line in lines:
        empty = False
        yield _read(line, header, event_map, shift)
    if empty:
        raise FileRefused(f"{path.name} has a header and no rows; nothing was imported.")


def last_opening(path: Path, event_map: EventMap) -> datetime:
    """The latest creation in a log, UTC; FileRefused when no row tells one."""
    latest: datetime | None = None
    for record in read_events(path, event_map):
        if isinstance(record, Observation):
            created = next(fact.at for fact in record.facts if fact.field == "created")
            latest = created if latest is None else max(latest, created)
    if latest is None:
        raise FileRefused(f"{path.name} has no row that could be understood; nothing was imported.")
    return latest


def _header(path: Path, line: Line, event_map: EventMap) -> list[str]:
    names = [name.strip() for name in line.cells or []]
    missing = [column for column in event_map.columns.values() if column not in names]
    if missing:
        raise FileRefused(
            f"{path.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"its columns are {', '.join(names)[:500] or 'not readable'}. "
            "Tell where each field lies with --map MAP.toml. Nothing was imported."
        )
    return names


def _read(
    line: Line, header: list[str], event_map: EventMap, shift: timedelta
) -> Observation | Rejected:
    if line.cells is None:
        return Rejected(line.number, None, f"the line {line.fault}", {"line": line.raw[:10_000]})
    if len(line.cells) != len(header):
        reason = f"has {len(line.cells)} cells where the header has {len(header)}"
        return Rejected(line.number, None, reason, {"line": line.raw[:10_000]})
    row = dict(zip(header, line.cells, strict=True))
    try:
        return _observation(line.number, row, event_map, shift)
    except Malformed as fault:
        key = row[event_map.columns["number"]].strip()[:LONGEST_KEY] or None
        return Rejected(line.number, key, str(fault), dict(row))


class _Cells:
    """The cells of a row by field, missing ones None."""

    def __init__(self, row: dict[str, str], event_map: EventMap) -> None:
        self._row, self._map = row, event_map

    def text(self, field: str) -> str | None:
        column = self._map.columns.get(field)
        if column is None:
            return None
        text = self._row[column].strip()
        return None if text in self._map.missing else text

    def required(self, field: str) -> str:
        text = self.text(field)
        if text is None:
            raise Malformed(f"{self._map.columns[field]} is missing")
        return text

    def instant(self, field: str, shift: timedelta) -> datetime | None:
        text = self.text(field)
        if text is None:
            return None
        try:
            moment = _parse_time(text, self._map)
        except (ValueError, OverflowError):
            form = "ISO 8601" if self._map.time_format == "iso" else self._map.time_format
            fault = f"{self._map.columns[field]} {text[:40]!r} is not a time of the form {form}"
            raise Malformed(fault) from None
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            fault = f"{self._map.columns[field]} {text[:40]!r} is not between 1970 and 2200"
            raise Malformed(fault)
        return moment + shift


def _parse_time(text: str, event_map: EventMap) -> datetime:
    """A cell as a UTC instant. Of an hour that clocks show twice, the first is meant."""
    if event_map.time_format == "iso":
        moment = datetime.fromisoformat(text)
    else:
        moment = datetime.strptime(text, event_map.time_format)  # noqa: DTZ007 - zone follows
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=event_map.zone)
    return moment.astimezone(UTC)


def _observation(
    number: int, row: dict[str, str], event_map: EventMap, shift: timedelta
) -> Observation:
    cells = _Cells(row, event_map)
    key = cells.required("number")
    if len(key) > LONGEST_KEY:
        raise Malformed(f"{event_map.columns['number']} is longer than {LONGEST_KEY} characters")
    cells.required("created")
    cells.required("updated")
    created, updated = cells.instant("created", shift), cells.instant("updated", shift)
    assert created is not None and updated is not None  # noqa: S101, PT018 - required above
    sequence, actor = _sequence(cells, event_map), cells.text("actor")
    facts = [
        Fact("created", canonical_instant(created), created),
        Fact("updated", canonical_instant(updated), updated, sequence, actor),
    ]
    facts += [
        Fact(field, cells.text(field), updated, sequence, actor)
        for field in TEXTS
        if field in event_map.columns
    ]
    if "severity" in event_map.columns:
        facts.append(Fact("severity", _severity(cells, event_map), updated, sequence, actor))
    for field in STAMPS:
        moment = cells.instant(field, shift)
        if moment is not None:
            facts.append(Fact(field, canonical_instant(moment), moment))
    return Observation(number, key, tuple(facts))


def _sequence(cells: _Cells, event_map: EventMap) -> int:
    text = cells.text("sequence")
    if text is None:
        return 0
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) > LARGEST_SEQUENCE:
        column = event_map.columns["sequence"]
        raise Malformed(f"{column} {text[:40]!r} is not a whole number")
    return int(text)


def _severity(cells: _Cells, event_map: EventMap) -> str | None:
    text = cells.text("severity")
    if text is None:
        return None
    number = event_map.severity.get(text)
    if number is None and re.match(r"[1-4](\D|$)", text, re.ASCII):
        number = int(text[0])
    if number is None:
        column = event_map.columns["severity"]
        raise Malformed(f"{column} {text[:40]!r} is not a severity 1 to 4; map it in [severity]")
    return str(number)
