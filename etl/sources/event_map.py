"""How the columns of an event log map to the fields of a case, read from a small TOML file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from etl.errors import FileRefused

BUILT_IN = Path(__file__).parent / "servicenow.toml"

REQUIRED = ("number", "created", "updated", "status")
STAMPS = ("resolved", "relief")
TEXTS = (
    "status",
    "owner",
    "account",
    "summary",
    "description",
    "product",
    "product_version",
    "group",
)
FIELDS = ("number", "created", "updated", "sequence", "actor", "severity", *STAMPS, *TEXTS)
SECTIONS = {"source", "columns", "severity"}
SOURCE_KEYS = {"name", "time_format", "time_zone", "missing", "delimiter"}


@dataclass(frozen=True, slots=True)
class EventMap:
    """Where each field of a case lies in an event log.

    `columns` maps field to column name; `time_format` is strptime's, or "iso"; times without an
    offset are in `zone`. `severity` maps a cell's text to 1..4; other texts count by their leading
    digit.
    """

    name: str
    columns: dict[str, str]
    time_format: str
    zone: ZoneInfo
    missing: frozenset[str]
    delimiter: str
    severity: dict[str, int]


def read_map(path: Path | None) -> EventMap:
    """The map in a TOML file, or the built-in one; FileRefused lists all that is wrong with it."""
    path = path or BUILT_IN
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise FileRefused(f"The map {path.name} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise FileRefused(f"The map {path.name} is not TOML: {error}.") from None
    faults: list[str] = []
    event_map = _parse(told, faults)
    if event_map is None or faults:
        listed = "\n".join(f"  - {fault}" for fault in faults)
        raise FileRefused(f"The map {path.name} cannot be followed:\n{listed}")
    return event_map


def _parse(told: dict[str, Any], faults: list[str]) -> EventMap | None:
    faults += [f"[{name}] is not a section" for name in told if name not in SECTIONS]
    source, columns = _table(told, "source", faults), _table(told, "columns", faults)
    severity = _table(told, "severity", faults)
    faults += [f"[source] {name} is unknown" for name in source if name not in SOURCE_KEYS]
    faults += [
        f"[columns] {name} is not a field; fields are {', '.join(FIELDS)}"
        for name in columns
        if name not in FIELDS
    ]
    faults += [f"[columns] {name} is missing" for name in REQUIRED if name not in columns]
    faults += [
        f"[columns] {n} must be a text" for n, v in columns.items() if not isinstance(v, str)
    ]
    faults += [
        f"[severity] {text!r} must be 1, 2, 3 or 4"
        for text, number in severity.items()
        if number not in {1, 2, 3, 4}
    ]
    missing = source.get("missing", [""])
    if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
        faults.append("[source] missing must be a list of texts")
        missing = []
    delimiter = source.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        faults.append("[source] delimiter must be one character")
    zone = _zone(source.get("time_zone", "UTC"), faults)
    if zone is None or faults:
        return None
    return EventMap(
        name=str(source.get("name", "events")),
        columns=columns,
        time_format=str(source.get("time_format", "iso")),
        zone=zone,
        missing=frozenset(missing),
        delimiter=delimiter,
        severity=severity,
    )


def _table(told: dict[str, Any], name: str, faults: list[str]) -> dict[str, Any]:
    value = told.get(name, {})
    if isinstance(value, dict):
        return value
    faults.append(f"[{name}] must be a section")
    return {}


def _zone(name: object, faults: list[str]) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"[source] time_zone {name!r} is not an IANA zone such as Europe/Berlin")
        return None
