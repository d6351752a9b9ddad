"""What the settings of writing back may be: the team, and the hours that are quiet."""

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the team: `name` as the board shows them, `jira_user` as JIRA knows them.

    `accounts` are the names, and other names, of the accounts that are theirs. Somebody who is not
    `active` keeps what they have and gets nothing new.
    """

    name: str
    jira_user: str
    slack_user: str | None = None
    accounts: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` of each day in `zone`, possibly over midnight, nobody is disturbed."""

    start: time
    end: time
    zone: str

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that holds at an instant ends; None when it is not quiet."""
        local = now.astimezone(ZoneInfo(self.zone))
        clock = local.time()
        over_midnight = self.start > self.end
        quiet = (
            clock >= self.start or clock < self.end
            if over_midnight
            else self.start <= clock < self.end
        )
        if not quiet:
            return None
        day = local.date()
        if over_midnight and clock >= self.start:
            day += timedelta(days=1)
        return datetime.combine(day, self.end, ZoneInfo(self.zone))

    def __str__(self) -> str:
        """As the setting is written."""
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone}"


def team(text: str) -> tuple[Member, ...]:
    """A JSON list of members; fields that we do not know, as of an earlier system, do no harm."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(told, list):
        raise ValueError('must be a JSON list such as [{"name": "Ana", "jira_user": "ana"}]')
    members = tuple(_member(place, one) for place, one in enumerate(told, start=1))
    names = [member.name.casefold() for member in members]
    twice = next((m.name for m in members if names.count(m.name.casefold()) > 1), None)
    if twice:
        raise ValueError(f"names {twice!r} twice")
    return members


def _member(place: int, told: Any) -> Member:
    if not isinstance(told, dict):
        raise ValueError(f"member {place} must be a JSON object")
    name = _text(told, "name", place)
    if name is None:
        raise ValueError(f"member {place} has no name")
    accounts = told.get("accounts") or []
    if not isinstance(accounts, list) or not all(isinstance(one, str) for one in accounts):
        raise ValueError(f"accounts of {name!r} must be a list of names")
    active = told.get("active", True)
    if not isinstance(active, bool):
        raise ValueError(f"active of {name!r} is {active!r}, must be true or false")
    user = _text(told, "jira_user", place) or _text(told, "email", place) or name
    return Member(name, user, _text(told, "slack_user", place), tuple(accounts), active)


def _text(told: dict[str, Any], field: str, place: int) -> str | None:
    value = told.get(field)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{field} of member {place} must be a text")
    return (value or "").strip() or None


def quiet_hours(text: str) -> QuietHours:
    """`22:00-07:00 Europe/Berlin`; without a zone it is UTC."""
    hours, _, zone = text.strip().partition(" ")
    zone = zone.strip() or "UTC"
    try:
        start, end = (time.fromisoformat(part) for part in hours.split("-"))
        ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise ValueError(f"is {text!r}, must be hours such as 22:00-07:00 Europe/Berlin") from None
    if start == end or start.tzinfo or end.tzinfo:
        raise ValueError(f"is {text!r}: it must begin and end at different times")
    return QuietHours(start, end, zone)


def case_address(text: str) -> str:
    """An address of a case's page, with `{number}` where its number stands."""
    if not text.startswith(("https://", "http://")) or text.count("{number}") != 1:
        raise ValueError(f"is {text!r}, must begin with https:// and hold {{number}} once")
    return text


def words(text: str) -> tuple[str, ...]:
    """Words with commas between, each once: labels, tags."""
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    wrong = next((one for one in found if len(one.split()) > 1), None)
    if wrong:
        raise ValueError(f"holds {wrong!r}: a label or tag has no space in it")
    return found
