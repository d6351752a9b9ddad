"""One record of the old system, read field by field; what had to be mended is noted."""

import re
from collections.abc import Mapping
from datetime import datetime

import orjson

from etl.errors import Malformed
from etl.sources.texts import clean, instant

# Before the first case there could be; clocks that were never set say 1970.
FIRST_YEAR = 1990
LONGEST_KEY = 100
# `2026-07-19T05:26:36.965106.000+0000`
TWO_FRACTIONS = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+)\.\d+([+-]\d\d:?\d\d|Z)?")
# What else the old system said of a record; kept, and shown nowhere.
BESIDES = "old_system"


class Fields:
    """The fields of a record that was told at `taken` (UTC) at the latest.

    `mends` says what was mended, `lost` which values could not be used, by the reason. A field that
    the record lacks is taken from `copy`, another record's copy of it.
    """

    def __init__(
        self,
        told: object,
        taken: datetime,
        copy: Mapping[str, object] | None = None,
        of: str = "its card",
    ) -> None:
        if not isinstance(told, dict):
            raise Malformed("is not a record of names and values")
        self._told: dict[str, object] = told
        self._copy, self._of = copy or {}, of
        self._asked: set[str] = set()
        self.taken = taken
        self.mends: list[str] = []
        self.lost: list[tuple[str, dict[str, object]]] = []

    @property
    def whole(self) -> dict[str, object]:
        """The record as it was told."""
        return self._told

    def mend(self, words: str) -> None:
        """Note what was mended."""
        if words not in self.mends:
            self.mends.append(words)

    def lose(self, name: str, why: str) -> None:
        """Note a value that cannot be used, and why."""
        self.mend(f"{name} {why}: left out")
        lost = (f"{name} {why}", {name: self._told.get(name, self._copy.get(name))})
        if lost not in self.lost:
            self.lost.append(lost)

    def keep(self, name: str) -> None:
        """Keep a field besides, as not all that it says was asked for."""
        self._asked.discard(name)

    def raw(self, name: str) -> object:
        """A field as it was told."""
        self._asked.add(name)
        value = self._told.get(name)
        if value is None and self._copy.get(name) is not None:
            self.mend(f"{name} taken from {self._of}")
            return self._copy[name]
        return value

    def text(self, name: str) -> str | None:
        """A text, None for nothing."""
        value = self.raw(name)
        if isinstance(value, dict | list):
            self.lose(name, "is not a text")
        return clean(value)

    def flag(self, name: str) -> bool | None:
        """Yes, no, or None for nothing."""
        value = self.raw(name)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            self.mend(f"{name} told as a text")
            return value.lower() == "true"
        self.lose(name, "is neither true nor false")
        return None

    def moment(self, name: str) -> datetime | None:
        """An instant (UTC), None for nothing or for what is none."""
        value = self.raw(name)
        try:
            moment, mended = read_moment(value, name)
        except Malformed as fault:
            self.lose(name, _without(str(fault), name, value))
            return None
        if moment and moment > self.taken:
            self.lose(name, "lies in the future")
            return None
        if mended:
            self.mend(mended)
        return moment

    def items(self, name: str) -> list[object]:
        """A list, empty for nothing; a single value is a list of one."""
        value = self.raw(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        if isinstance(value, dict):
            self.lose(name, "is not a list")
            return []
        self.mend(f"{name} told as one value, not a list")
        return [value]

    def texts(self, name: str) -> list[str]:
        """A list of texts, sorted, each once."""
        items = self.items(name)
        if any(isinstance(item, dict | list) for item in items):
            self.lose(name, "has values that are no texts")
        return sorted({text for item in items if (text := clean(item))})

    def person(self, name: str) -> str | None:
        """The name of a person; what else is told of them is kept besides."""
        value = self.raw(name)
        if isinstance(value, list):
            self.lose(name, "is not a person")
        if isinstance(value, dict) and person(value):
            self.keep(name)
        return person(value)

    def besides(self, *copies: str) -> str | None:
        """What else the record says, as a JSON text; not the `copies` of other records."""
        left = {
            str(name): value
            for name, value in self._told.items()
            if name not in self._asked and name not in copies and value not in (None, "", [], {})
        }
        if not left:
            return None
        try:
            return clean(orjson.dumps(left, option=orjson.OPT_SORT_KEYS).decode())
        except (TypeError, ValueError):
            # Numbers and characters that JSON cannot say.
            return clean(repr(left))


def read_moment(value: object, name: str) -> tuple[datetime | None, str]:
    """An instant (UTC) and how it was mended; Malformed when it is none."""
    mended = ""
    if isinstance(value, dict | list):
        raise Malformed(f"{name} is not a time")
    if isinstance(value, str):
        value = value.strip()
        two = TWO_FRACTIONS.fullmatch(value)
        if two:
            value, mended = two[1] + (two[2] or ""), f"{name} with two fractions of a second"
    moment = instant(value, name)
    if moment and moment.year < FIRST_YEAR:
        raise Malformed(f"{name} {str(value)[:60]!r} is before {FIRST_YEAR}")
    return moment, mended


def record_key(value: object, what: str) -> str:
    """A key that records can be known by; Malformed when it is none."""
    key = clean(value)
    if not key or len(key) > LONGEST_KEY or "|" in key:
        raise Malformed(f"{str(value)[:60]!r} is not a {what}")
    return key


def case_number(value: object) -> str:
    """The number of a case; Malformed when it is none."""
    number = record_key(value, "case number")
    if len(number) > 40:
        raise Malformed(f"{number[:60]!r} is not a case number")
    return number


def person(value: object) -> str | None:
    """The name of a person, told as a text or as names and ids."""
    if isinstance(value, dict):
        told = (value.get(name) for name in ("displayName", "name", "emailAddress", "accountId"))
        return next((name for part in told if (name := clean(part))), None)
    return clean(value)


def _without(fault: str, name: str, value: object) -> str:
    """A fault without the value itself, so that equal faults are counted together."""
    told = fault.removeprefix(name).strip()
    for shown in (repr(str(value)[:60]), str(value)):
        told = told.replace(shown, "", 1).strip() if shown else told
    return told
