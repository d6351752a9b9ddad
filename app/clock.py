"""The SLA clock of a case, as the stretches of time that it is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from app.setting_values import SlaPolicy
from app.targets import targets
from app.versions import V

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time `[start, end)` in which nothing that the clock goes by changed.

    `target` is the target in days under the policy that the case goes by; `waiting_on` is `none`
    while it was closed.
    """

    start: datetime
    end: datetime
    status: str | None
    severity: int | None
    target: float | None
    waiting_on: str

    @property
    def days(self) -> float:
        """How long it lasted, in days."""
        return (self.end - self.start) / DAY


def versions_of(number: str, instant: datetime, policy: SlaPolicy) -> Select[Any]:
    """What the clock goes by, in each version of a case up to an instant, oldest first.

    `policy` is the one that the case goes by.
    """
    return (
        select(
            V.valid_from,
            V.valid_to,
            V.created_date,
            V.closed_at,
            V.is_open,
            V.status,
            V.severity,
            V.waiting_on,
            targets(policy).label("target"),
        )
        .where(V.case_number == number, V.valid_from <= instant)
        .order_by(V.valid_from)
    )


def stretches(versions: Iterable[Mapping[str, Any]], instant: datetime) -> list[Stretch]:
    """The stretches from creation to closing, or to the instant; they follow each other exactly.

    `versions` are rows of `versions_of`. A case that was reopened counts on while it was closed, as
    its age does (docs/decisions).
    """
    rows = list(versions)
    if not rows:
        return []
    last = rows[-1]
    end = instant if last["is_open"] else last["closed_at"] or instant
    found: list[Stretch] = []
    for row in rows:
        start, until = row["valid_from"], min(row["valid_to"], end) if row["valid_to"] else end
        if start >= until:
            continue
        one = Stretch(
            start=start,
            end=until,
            status=row["status"],
            severity=None if row["severity"] is None else int(row["severity"]),
            target=row["target"],
            waiting_on=row["waiting_on"] if row["is_open"] else "none",
        )
        if found and replace(found[-1], start=start, end=until) == one:
            found[-1] = replace(found[-1], end=until)
        else:
            found.append(one)
    return found


def waited(parts: Iterable[Stretch]) -> dict[str, float]:
    """Days by who was waited on, most first; time in which the case was closed is nobody's."""
    days: dict[str, float] = {}
    for part in parts:
        if part.waiting_on != "none":
            days[part.waiting_on] = days.get(part.waiting_on, 0.0) + part.days
    return dict(sorted(days.items(), key=lambda pair: -pair[1]))
