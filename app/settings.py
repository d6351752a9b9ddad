"""Every setting of Caseboard: its name, type, default and meaning, read once from the environment.

A setting is the variable `CASEBOARD_` + its name in capitals; a secret may lie in a file instead,
named by the same variable with `_FILE` behind. This is the only place that reads the environment.
"""

import difflib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

PREFIX = "CASEBOARD_"
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


class SettingsError(Exception):
    """Settings that cannot be used; the message lists every fault and what to do about it."""


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """Target days by severity 1..4, and those of accounts that have their own."""

    days: tuple[float, float, float, float] = (14, 20, 90, 180)
    accounts: Mapping[str, tuple[float, float, float, float]] = field(
        default_factory=lambda: MappingProxyType({})
    )


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if urlsplit(text).scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return parse


def _secret_key(text: str) -> str:
    if len(text) < MIN_SECRET:
        raise ValueError(
            f"has {len(text)} characters, needs at least {MIN_SECRET}; make one with "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
        )
    return text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is {text!r}, must be one of {', '.join(allowed)}")
        return text

    return parse


def _json_object(text: str) -> dict[str, Any]:
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


def _sla(text: str) -> SlaPolicy:
    """`14,20,90,180`, or a JSON object of severities, with `accounts` for their own targets."""
    if not text.lstrip().startswith("{"):
        try:
            return SlaPolicy(_days([float(part) for part in text.split(",")], "days"))
        except ValueError as error:
            fault = f"is {text!r}, must be four numbers such as 14,20,90,180 ({error})"
            raise ValueError(fault) from None
    told = _json_object(text)
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


def _status_map(text: str) -> Mapping[str, str]:
    told = _json_object(text)
    for status, party in told.items():
        if party not in PARTIES:
            raise ValueError(f"{status!r} is {party!r}, must be one of {', '.join(PARTIES)}")
    return MappingProxyType({**DEFAULT_STATUS_MAP, **told})


def _setting(
    told: str, parse: Callable[[str], Any], default: Any = None, *, secret: bool = False
) -> Any:
    return field(
        default_factory=lambda: default, metadata={"help": told, "parse": parse, "secret": secret}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. `sources` tells for each name where its value came from."""

    database_url: str | None = _setting(
        "PostgreSQL: postgresql://user:password@host:5432/name",
        _url("postgresql", "postgresql+psycopg2", "postgres"),
        secret=True,
    )
    redis_url: str | None = _setting(
        "Redis for the cache: redis://host:6379/0", _url("redis", "rediss", "unix"), secret=True
    )
    secret_key: str | None = _setting(
        "signs what must not be forged; at least 32 characters", _secret_key, secret=True
    )
    base_url: str = _setting(
        "the address people use", _url("http", "https"), "http://127.0.0.1:8050"
    )
    auth: str = _setting("who may enter: none (loopback only)", _one_of("none"), "none")
    sla: SlaPolicy = _setting(
        "target days by severity 1..4: 14,20,90,180, or JSON with accounts", _sla, SlaPolicy()
    )
    status_map: Mapping[str, str] = _setting(
        "JSON of status to us, customer, engineering, vendor or closed; laid over the defaults",
        _status_map,
        MappingProxyType(DEFAULT_STATUS_MAP),
    )
    log_level: str = _setting("least level of log lines", _one_of(*LOG_LEVELS), "INFO")
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def closed_statuses(self) -> tuple[str, ...]:
        """The statuses that mean closed, in lower case."""
        return tuple(s.lower() for s, party in self.status_map.items() if party == "closed")

    def __repr__(self) -> str:
        """Name the settings without telling secrets."""
        told = ", ".join(f"{name}={value}" for name, value, _ in self.shown())
        return f"Settings({told})"

    def shown(self) -> list[tuple[str, str, str]]:
        """(name, value with secrets masked, source) of every setting, for people."""
        rows = []
        for item in declared():
            value = getattr(self, item.name)
            text = "****" if item.metadata["secret"] and value else _told(value)
            rows.append((variable(item.name), text, self.sources.get(item.name, "default")))
        return rows


def declared() -> list[Any]:
    """The settings as dataclass fields: name, default, and metadata with `help` and `secret`."""
    return [item for item in fields(Settings) if "parse" in item.metadata]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load(environment: Mapping[str, str]) -> Settings:
    """Read settings from an environment; SettingsError lists everything that is wrong with it."""
    faults: list[str] = []
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    known = {variable(item.name) for item in declared()}
    for item in declared():
        name = variable(item.name)
        try:
            text, source = _text(name, environment)
            if text is None:
                continue
            values[item.name] = item.metadata["parse"](text)
            sources[item.name] = source
        except ValueError as error:
            faults.append(f"{name} {error}")
    for name in sorted(environment):
        if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known:
            near = difflib.get_close_matches(name, sorted(known), 1, 0.7)
            hint = f"did you mean {near[0]}?" if near else "see `caseboard doctor --settings`"
            faults.append(f"{name} is not a setting; {hint}")
    if faults:
        raise SettingsError("Settings to mend:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return Settings(**values, sources=MappingProxyType(sources))


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read at the first call."""
    return load(os.environ)


def use(values: Mapping[str, str]) -> None:
    """Let this process run with some settings laid over its environment."""
    os.environ.update(values)
    get_settings.cache_clear()


def _text(name: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    direct, path = environment.get(name), environment.get(f"{name}_FILE")
    if direct and path:
        raise ValueError(f"and {name}_FILE are both set; keep one")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip(), f"{name}_FILE"
        except (OSError, UnicodeError) as error:
            raise ValueError(f"cannot be read from {name}_FILE: {error}") from None
    return direct or None, name


def _told(value: Any) -> str:
    if isinstance(value, SlaPolicy):
        days = ",".join(f"{number:g}" for number in value.days)
        return f"{days} ({len(value.accounts)} accounts of their own)" if value.accounts else days
    return str(dict(value)) if isinstance(value, Mapping) else str(value)
