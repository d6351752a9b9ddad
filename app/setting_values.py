"""What a setting's text may be: parsers from text to values, refused with what to do about it.

The docstring of a parser says what it takes, in the words of the list of settings.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from app.auth.idp_metadata import IdentityProvider

SEVERITIES = ("1", "2", "3", "4")
PARTIES = ("us", "customer", "engineering", "vendor", "closed")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MIN_SECRET = 32
# From the least to the most that somebody may do; each may do all that the ones before may.
ROLES = ("viewer", "editor", "admin")

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
    "private_keywords": "RH Private Keywords",
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

    parse.__doc__ = "An address: " + " or ".join(f"`{scheme}://`" for scheme in schemes)
    return parse


def secret_key(text: str) -> str:
    """A secret of 32 characters at least."""
    if len(text) < MIN_SECRET:
        raise ValueError(
            f"has {len(text)} characters, needs at least {MIN_SECRET}; make one with "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
        )
    return text


def secret_keys(text: str) -> tuple[str, ...]:
    """Secrets with commas between, each of 32 characters at least."""
    return tuple(secret_key(part.strip()) for part in text.split(",") if part.strip())


def roles(text: str) -> Mapping[str, tuple[str, ...]]:
    """A JSON object of role to its groups."""
    told = json_object(text)
    for role, groups in told.items():
        if role not in ROLES:
            raise ValueError(f"{role!r} is not a role; roles are {', '.join(ROLES)}")
        if not isinstance(groups, list) or not all(isinstance(one, str) and one for one in groups):
            raise ValueError(f"{role!r} must be a list of the names of groups")
    return MappingProxyType({role: tuple(groups) for role, groups in told.items()})


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is {text!r}, must be one of {', '.join(allowed)}")
        return text

    parse.__doc__ = " or ".join(f"`{word}`" for word in allowed)
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
    """A JSON object of status to who is waited on, laid over the defaults."""
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

    parse.__doc__ = "A JSON object of texts"
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

    parse.__doc__ = f"A number from {least:g} to {most:g}"
    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def parse(text: str) -> int:
        value = number(least, most)(text)
        if value != int(value):
            raise ValueError(f"is {text}, must be a whole number")
        return int(value)

    parse.__doc__ = f"A whole number from {least} to {most}"
    return parse


def yes_or_no(text: str) -> bool:
    """`true` or `false`."""
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"is {text!r}, must be true or false")
    return text.lower() == "true"


def site(text: str) -> str:
    """An address: `http://` or `https://`."""
    return address("http", "https")(text).rstrip("/")


def pem(kind: str) -> Callable[[str], str]:
    """A text in PEM, the kind of which ends in some words."""

    def parse(text: str) -> str:
        if f"{kind}-----" not in text:
            raise ValueError(f"must be the text of a PEM file (-----BEGIN ... {kind}-----)")
        return text.replace("\r", "").strip() + "\n"

    parse.__doc__ = "The text of a PEM file, from `-----BEGIN` to its end"
    return parse


def identifier(text: str) -> str:
    """A name that stands in messages as it is."""
    if re.search(r"[\s<>&\"']", text):
        raise ValueError(f"is {text!r}, must hold neither spaces nor quotes, <, > or &")
    return text


def identity_provider(text: str) -> "IdentityProvider":
    """The metadata of an identity provider, as XML or as the path of a file."""
    from app.auth.idp_metadata import read  # noqa: PLC0415 - most processes know no login

    return read(text)
