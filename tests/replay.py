"""An independent replay of the sample log, in plain Python: what the board must agree with."""

import csv
import gzip
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from etl.events_import import SAMPLE


@dataclass
class Row:
    at: datetime
    order: int
    state: str
    severity: int
    account: str | None
    engineer: str | None
    product: str | None


@dataclass
class Incident:
    number: str
    opened: datetime
    resolved: datetime | None
    rows: list[Row]

    def state(self, instant: datetime) -> Row | None:
        """The row in force: before its first update a case stands as that update found it."""
        if instant < self.opened:
            return None
        known = [row for row in self.rows if row.at <= instant]
        return known[-1] if known else self.rows[0]

    def closings(self) -> list[datetime]:
        before, found = "", []
        for row in self.rows:
            if row.state == "Closed" and before != "Closed":
                found.append(max(row.at, self.opened))
            before = row.state
        return found


def _time(text: str) -> datetime | None:
    return None if text == "?" else datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC)


@lru_cache(maxsize=1)
def incidents() -> dict[str, Incident]:
    found: dict[str, Incident] = {}
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            opened = _time(row["opened_at"])
            case = found.setdefault(
                row["number"], Incident(row["number"], opened, _time(row["resolved_at"]), [])
            )
            clean = {name: None if text == "?" else text for name, text in row.items()}
            case.rows.append(
                Row(
                    _time(row["sys_updated_at"]),
                    int(row["sys_mod_count"]),
                    row["incident_state"],
                    int(row["priority"][0]),
                    clean["location"],
                    clean["assigned_to"],
                    clean["category"],
                )
            )
    for case in found.values():
        case.rows.sort(key=lambda row: (row.at, row.order))
    return found


def open_rows(instant: datetime) -> dict[str, Row]:
    states = {number: case.state(instant) for number, case in incidents().items()}
    return {number: row for number, row in states.items() if row and row.state != "Closed"}


def by(instant: datetime, field: str) -> dict[str, int]:
    counted = Counter(getattr(row, field) for row in open_rows(instant).values())
    return {"" if value is None else str(value): number for value, number in counted.items()}


def opened_between(start: datetime, end: datetime) -> int:
    return sum(start < case.opened <= end for case in incidents().values())


def closed_between(start: datetime, end: datetime) -> int:
    return sum(any(start < at <= end for at in case.closings()) for case in incidents().values())
