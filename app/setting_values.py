"""What a setting's text may be: parsers from text to values, refused with what to do about it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app.view import View

SEVERITIES = ("1", "2", "3", "4")
PARTIES = ("us", "customer", "engineering", "vendor", "closed")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MIN_SECRET = 32

DEFAULT_STATUS_MAP = {
    "New": "us",
    "Active": "us",
    "Waiting on Red Hat": "us",
    "Waiting on Customer": "customer",
    "Awaiting User Info": "customer",
    "Awaiting Evidence": "customer",
    "Resolved": "customer",
    "Awaiting Problem": "engineering",
    "Awaiting Vendor": "vendor",
    "Closed": "closed",
}

# What a JIRA status means on the board, in the words that the team has always used.
DEFAULT_JIRA_STATUS_MAP = {
    "New": "Backlog",
    "To Do": "Backlog",
    "Open": "Debugging",
    "In Progress": "Debugging",
    "Code Review": "Eng Working",
    "QE Review": "Backport",
    "Blocked": "Ready To Close",
    "Won't Fix / Obsolete": "Done",
    "Done": "Done",
    "Closed": "Done",
}

# What a custom field of JIRA is for, and its name there.
DEFAULT_JIRA_FIELDS = {
    "contributors": "Contributors",
    "cases": "SFDC Cases Links",
    "severity": "Severity",
    "sprint": "Sprint",
}


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """Target days by severity 1..4, and those of accounts that have their own."""

    days: tuple[float, float, float, float] = (14, 20, 90, 180)
    accounts: Mapping[str, tuple[float, float, float, float]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )


def address(*schemes: str) -> Callable[[str], str]:
    """An address with one of some schemes."""

    def parse(text: str) -> str:
        if urlsplit(text).scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return parse


def secret_key(text: str) -> str:
    """A secret that is long enough."""
    if len(text) < MIN_SECRET:
        raise ValueError(
            f"has {len(text)} characters, needs at least {MIN_SECRET}; make one with "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
        )
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is {text!r}, must be one of {', '.join(allowed)}")
        return text

    return parse


def json_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return value


def _days(value: Any, where: str) -> tuple[float, float, float, float]:
    if isinstance(value, dict):
        wrong = [key for key in value if key not in SEVERITIES]
        if wrong:
            raise ValueError(f"{where}: {wrong[0]!r} is not a severity 1..4")
        value = [value.get(severity) for severity in SEVERITIES]
    if not isinstance(value, list) or len(value) != len(SEVERITIES):
        raise ValueError(f"{where}: needs target days for the severities 1, 2, 3, 4")
    days = []
    for severity, number in zip(SEVERITIES, value, strict=True):
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e5:
            raise ValueError(f"{where}: target of severity {severity} must be days above 0")
        days.append(float(number))
    return days[0], days[1], days[2], days[3]


def sla(text: str) -> SlaPolicy:
    """`14,20,90,180`, or a JSON object of severities, with `accounts` for their own targets."""
    if not text.lstrip().startswith("{"):
        try:
            return SlaPolicy(_days([float(part) for part in text.split(",")], "days"))
        except ValueError as error:
            fault = f"is {text!r}, must be four numbers such as 14,20,90,180 ({error})"
            raise ValueError(fault) from None
    told = json_object(text)
    accounts = told.pop("accounts", {})
    if not isinstance(accounts, dict):
        raise ValueError("`accounts` must be an object of account to target days")
    default = SlaPolicy().days
    general = {**dict(zip(SEVERITIES, default, strict=True)), **told}
    days = _days(general, "days")
    merged = dict(zip(SEVERITIES, days, strict=True))
    own = {
        name: _days({**merged, **value} if isinstance(value, dict) else value, f"account {name!r}")
        for name, value in accounts.items()
    }
    return SlaPolicy(days, MappingProxyType(own))


def status_map(text: str) -> Mapping[str, str]:
    """Statuses and who is waited on, laid over the defaults."""
    told = json_object(text)
    for status, party in told.items():
        if party not in PARTIES:
            raise ValueError(f"{status!r} is {party!r}, must be one of {', '.join(PARTIES)}")
    return MappingProxyType({**DEFAULT_STATUS_MAP, **told})


def name_map(defaults: Mapping[str, str]) -> Callable[[str], Mapping[str, str]]:
    """A JSON object of texts, laid over defaults; an empty text takes a default away."""

    def parse(text: str) -> Mapping[str, str]:
        told = json_object(text)
        for name, value in told.items():
            if not isinstance(value, str):
                raise ValueError(f"{name!r} is {value!r}, must be a text")
        merged = {**defaults, **told}
        return MappingProxyType({name: value for name, value in merged.items() if value})

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    """A number within bounds."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"is {text!r}, must be a number") from None
        if not least <= value <= most:
            raise ValueError(f"is {text}, must be from {least:g} to {most:g}")
        return value

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def parse(text: str) -> int:
        value = number(least, most)(text)
        if value != int(value):
            raise ValueError(f"is {text}, must be a whole number")
        return int(value)

    return parse


def yes_or_no(text: str) -> bool:
    """`true` or `false`."""
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"is {text!r}, must be true or false")
    return text.lower() == "true"


def site(text: str) -> str:
    """The address of a web site, without a slash at its end."""
    return address("http", "https")(text).rstrip("/")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and as whom; `tls` is wrapped (smtps), starttls or none."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """The address without its password."""
        scheme, user = (
            "smtps" if self.tls == "wrapped" else "smtp",
            f"{self.user}@" * bool(self.user),
        )
        return f"{scheme}://{user}{self.host}:{self.port}"


def mail_server(text: str) -> MailServer:
    """`smtp://user:password@host:587` (STARTTLS where offered) or `smtps://...:465`."""
    parts = urlsplit(address("smtp", "smtps")(text))
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 25)
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None
    if not parts.hostname:
        raise ValueError("names no host: smtp://user:password@host:587")
    if parts.path.strip("/"):
        raise ValueError(
            "has something behind the host; is a # or / of the password not written as %23 or %2F?"
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options not in ({}, {"starttls": "no"}):
        raise ValueError("knows no option but ?starttls=no")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("needs both a user and a password, or neither")
    tls = "wrapped" if parts.scheme == "smtps" else "none" if options else "starttls"
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    if user and tls == "none" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("would send a password unprotected; leave ?starttls=no out")
    return MailServer(parts.hostname, port, tls, user, password)


_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
)


def mail_address(text: str) -> str:
    """One mail address without a name: `team@example.com`."""
    text = text.strip()
    if not _MAIL.fullmatch(text):
        raise ValueError(f"holds {text[:80]!r}, which is not a mail address such as a@example.com")
    return text


def mail_addresses(text: str) -> tuple[str, ...]:
    """One mail address or several, separated by commas; each once."""
    return tuple(dict.fromkeys(mail_address(part) for part in text.split(",")))


def slack_channel(text: str) -> str:
    """A channel of Slack: its id, or its name."""
    text = text.strip()
    if not re.fullmatch(r"#?[^\s#@,:;<>]{1,80}", text):
        raise ValueError(f"is {text[:80]!r}, must be a channel such as C0123456789 or #support")
    return text


def cron(text: str) -> str:
    """A cron line of five fields: minute, hour, day of the month, month, day of the week (UTC)."""
    from celery.schedules import ParseException, crontab  # noqa: PLC0415 - costs a second, rarely met

    try:
        crontab.from_string(text)
    except (ParseException, ValueError, KeyError, RuntimeError):
        raise ValueError(
            f"is {text!r}, must be a cron line (UTC) such as '0 6 * * 1', Mondays at 06:00"
        ) from None
    return text


def view(text: str) -> View:
    """A View's query string, as the address of `/cases` has it behind its `?`."""
    return View.from_query(text)
