"""How each parameter of a View is read from text and written back, one entry a parameter."""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from app import iso
from app.columns import COLUMNS
from app.lengths import read_length, span_like
from app.zones import zones

MAX_VALUES = 100
MAX_TEXT = 300
PARTIES = ("us", "customer", "engineering", "vendor", "unknown", "none")

_ISO_OFFSET_SPACE = re.compile(r" (\d\d:?\d\d)$")
_ISO = re.compile(iso.READ, re.ASCII)
NO_NUL = r"^[^\u0000]*$"


class ParameterError(ValueError):
    """A parameter of an address that cannot be followed. `name` is the parameter's."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(f"{name}: {fault}")
        self.name = name
        self.fault = fault

    @classmethod
    def unknown(cls, name: str) -> "ParameterError":
        """An unknown name, with the nearest known one as a hint."""
        near = difflib.get_close_matches(name, FIELDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(FIELDS)}"
        return cls(name[:60] or "(no name)", f"unknown parameter; {hint}")


class Contradiction(ParameterError):
    """Values that are well formed, each by itself, and cannot hold together."""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter: `parse(texts, zone)` gives the View's value, `write(value)` its texts.

    `schema()` is the JSON Schema of one text. `many` tells how several are given: the name once for
    each, or with commas between. `filters` tells that the parameter chooses rows.
    """

    parse: Callable[[Sequence[str], str], Any]
    write: Callable[[Any], list[str]]
    schema: Callable[[], dict[str, Any]]
    many: Literal["", "repeated", "listed"] = ""
    filters: bool = True


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _one(name: str, texts: Sequence[str]) -> str:
    if len(texts) != 1:
        raise ParameterError(name, "may be given once only")
    return texts[0]


def _clean(name: str, text: str) -> str:
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ParameterError(name, "holds a character that no text can have (NUL or half a pair)")
    if len(text) > MAX_TEXT:
        raise ParameterError(name, f"longer than {MAX_TEXT} characters")
    return text.strip()


def _distinct(name: str, texts: Sequence[str]) -> None:
    if len(texts) > MAX_VALUES:
        raise ParameterError(name, f"more than {MAX_VALUES} values")


def _text(name: str) -> Field:
    return Field(
        lambda texts, _zone: _clean(name, _one(name, texts)),
        lambda value: [value],
        _any_text,
    )


def _any_text() -> dict[str, Any]:
    return {"type": "string", "maxLength": MAX_TEXT, "pattern": NO_NUL}


def _one_of(*allowed: str) -> Callable[[], dict[str, Any]]:
    return lambda: {"type": "string", "enum": list(allowed)}


def _like(pattern: str) -> Callable[[], dict[str, Any]]:
    return lambda: {"type": "string", "pattern": f"^(?:{pattern})$"}


def _texts(name: str) -> Field:
    def parse(texts: Sequence[str], _zone: str) -> tuple[str, ...]:
        _distinct(name, texts)
        return tuple(sorted({_clean(name, text) for text in texts}))

    return Field(parse, list, _any_text, "repeated")


def _choice(name: str, *allowed: str) -> Field:
    def parse(texts: Sequence[str], _zone: str) -> str:
        return _allowed(name, _one(name, texts), allowed)

    return Field(parse, lambda value: [value], _one_of(*allowed))


def _choices(name: str, *allowed: str) -> Field:
    def parse(texts: Sequence[str], _zone: str) -> tuple[str, ...]:
        _distinct(name, texts)
        return tuple(sorted({_allowed(name, text, allowed) for text in texts}, key=allowed.index))

    return Field(parse, list, _one_of(*allowed), "repeated")


def _allowed(name: str, text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise ParameterError(name, f"{_shown(text)} is not one of {', '.join(allowed)}")
    return text


def _severities() -> Field:
    def parse(texts: Sequence[str], _zone: str) -> tuple[int, ...]:
        _distinct("severity", texts)
        wrong = [text for text in texts if text not in {"1", "2", "3", "4", ""}]
        if wrong:
            fault = f"{_shown(wrong[0])} is not one of 1, 2, 3, 4 (empty: not set)"
            raise ParameterError("severity", fault)
        return tuple(sorted({int(text or "0") for text in texts}))

    return Field(
        parse,
        lambda value: [str(number) if number else "" for number in value],
        _one_of("1", "2", "3", "4", ""),
        "repeated",
    )


def _days(name: str) -> Field:
    def parse(texts: Sequence[str], _zone: str) -> int:
        text = _one(name, texts)
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
            fault = f"{_shown(text)} is not a number of days from 0 to 9999"
            raise ParameterError(name, fault)
        return int(text)

    days = {"type": "integer", "minimum": 0, "maximum": 9_999}
    return Field(parse, lambda value: [str(value)], lambda: days)


def _instant(name: str, *, filters: bool = True) -> Field:
    def parse(texts: Sequence[str], zone: str) -> datetime:
        return parse_instant(name, _one(name, texts), zone)

    return Field(parse, lambda value: [write_instant(value)], _like(iso.INSTANT), filters=filters)


def _spans(name: str) -> Field:
    def parse(texts: Sequence[str], _zone: str) -> tuple[str, ...]:
        _distinct(name, texts)
        found = {text: read_length(text) for text in texts}
        for text, span in found.items():
            if span is None:
                fault = (
                    f"{_shown(text)} is not a number of days or hours such as 7..14, 1h..8h, 30.., "
                    "none:30.. (not yet, for 30 days or more), any or none"
                )
                raise ParameterError(name, fault)
            if span.is_nothing:
                raise Contradiction(name, f"{_shown(text)} ends before it begins")
        return tuple(sorted({span.text for span in found.values() if span}))

    return Field(parse, list, _like(span_like()), "repeated")


def _interval(name: str) -> Field:
    def parse(texts: Sequence[str], zone: str) -> tuple[datetime, datetime]:
        text = _one(name, texts)
        start, slash, end = text.partition("/")
        if not slash:
            fault = f"{_shown(text)} is not an interval such as 2026-01-05/2026-01-12"
            raise ParameterError(name, fault)
        between = parse_instant(name, start, zone), parse_instant(name, end, zone)
        if between[0] >= between[1]:
            raise Contradiction(name, "the interval must end after it begins")
        return between

    pattern = f"(?:{iso.INSTANT})/(?:{iso.INSTANT})"
    return Field(parse, lambda value: ["/".join(map(write_instant, value))], _like(pattern))


def parse_instant(name: str, text: str, zone: str) -> datetime:
    """An ISO 8601 text as a UTC instant; a date alone, or a time without offset, is in `zone`."""
    text = _ISO_OFFSET_SPACE.sub(r"+\1", text.strip()) if "T" in text else text.strip()
    moment = None
    if _ISO.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text.replace(",", "."))
            known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
            moment = known.astimezone(UTC)
        except (ValueError, OverflowError):
            moment = None
    if moment is None or not iso.FIRST_YEAR <= moment.year <= iso.LAST_YEAR:
        fault = (
            f"{_shown(text)} is not an ISO 8601 instant or date between {iso.FIRST_YEAR} and "
            f"{iso.LAST_YEAR}, such as 2026-01-31 or 2026-01-31T09:30:00Z"
        )
        raise ParameterError(name, fault)
    return moment


def write_instant(moment: datetime) -> str:
    """A UTC instant as short ISO 8601 text with `Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _names(name: str, *, signed: bool) -> Field:
    def parse(texts: Sequence[str], _zone: str) -> tuple[str, ...]:
        names = [part.strip() for text in texts for part in text.split(",")]
        bare = [part.removeprefix("-") if signed else part for part in names]
        unknown = [part for part in bare if part not in COLUMNS]
        if unknown:
            fault = f"{_shown(unknown[0])} is not a column; columns are {', '.join(COLUMNS)}"
            raise ParameterError(name, fault)
        if len(set(bare)) != len(bare):
            raise Contradiction(name, "names a column twice")
        return tuple(names)

    allowed = [sign + column for column in COLUMNS for sign in (("", "-") if signed else ("",))]
    return Field(parse, lambda value: [",".join(value)], _one_of(*allowed), "listed", filters=False)


def _zone_names() -> dict[str, Any]:
    return {"type": "string", "enum": sorted(zones())}


def _zone() -> Field:
    def parse(texts: Sequence[str], _zone: str) -> str:
        text = _one("tz", texts)
        if text not in zones():
            near = difflib.get_close_matches(text, zones(), 1)
            hint = f"did you mean {near[0]}?" if near else "such as UTC, Europe/Berlin, Asia/Tokyo"
            raise ParameterError("tz", f"{_shown(text)} is not an IANA time zone; {hint}")
        return text

    return Field(parse, lambda value: [value], _zone_names, filters=False)


FIELDS: dict[str, Field] = {
    "q": _text("q"),
    "state": _choice("state", "open", "closed", "all", "gone"),
    "severity": _severities(),
    "status": _texts("status"),
    "account": _texts("account"),
    "engineer": _texts("engineer"),
    "owner": _texts("owner"),
    "group": _texts("group"),
    "product": _texts("product"),
    "product_version": _texts("product_version"),
    "tag": _texts("tag"),
    "label": _texts("label"),
    "waiting_on": _choices("waiting_on", *PARTIES),
    "card": _choices("card", "none", "open", "done", "several"),
    "card_status": _texts("card_status"),
    "escalated": _choices("escalated", "yes", "potential", "no"),
    "crit_sit": _choices("crit_sit", "yes", "no"),
    "escalation": _choices("escalation", "any"),
    "sla": _choices("sla", "ok", "at_risk", "breached"),
    "bugs": _choices("bugs", "none", "untargeted", "any"),
    "days_to_relief": _spans("days_to_relief"),
    "days_to_resolution": _spans("days_to_resolution"),
    "days_to_close": _spans("days_to_close"),
    "closing": _interval("closing"),
    "reopened": _interval("reopened"),
    "bug": _texts("bug"),
    "stale": _days("stale"),
    "recent": _days("recent"),
    "created_from": _instant("created_from"),
    "created_to": _instant("created_to"),
    "closed_from": _instant("closed_from"),
    "closed_to": _instant("closed_to"),
    "updated_from": _instant("updated_from"),
    "updated_to": _instant("updated_to"),
    "as_of": _instant("as_of", filters=False),
    "sort": _names("sort", signed=True),
    "columns": _names("columns", signed=False),
    "tz": _zone(),
}
