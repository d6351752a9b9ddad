"""Where a walk through the rows of a View has come to.

A cursor holds the instant of the walk's first page, how many rows there were then, and the sort
keys of the last row told: what follows is what comes after them at that instant, whatever has been
loaded meanwhile. It begins with a mark of the View that it belongs to.
"""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import orjson

from app.columns import COLUMNS
from app.selection import ALWAYS_THERE
from app.view import View
from app.view_fields import Contradiction, ParameterError, parse_instant, write_instant

MARK = 11
LONGEST = 6_000
PATTERN = rf"^[A-Za-z0-9_-]{{{MARK}}}\.[A-Za-z0-9_-]{{20,{LONGEST}}}$"
_LIKE = re.compile(PATTERN)
NOT_OURS = "is not one that a `next` has given"
LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Cursor:
    """The `instant` of a walk (UTC), its `total`, and the `keys` of the last row told."""

    instant: datetime
    total: int
    keys: tuple[Any, ...]

    def write(self, view: View) -> str:
        """The cursor as a text for addresses."""
        told = orjson.dumps([write_instant(self.instant), self.total, self.keys])
        return f"{_mark(view)}.{_encoded(told)}"

    @classmethod
    def read(cls, text: str, view: View) -> Self:
        """The cursor that `write` wrote for a View.

        ParameterError, which names `cursor`, for any other text; Contradiction for another View's.
        """
        if not _LIKE.fullmatch(text):
            raise ParameterError("cursor", NOT_OURS)
        mark, _, payload = text.partition(".")
        if mark != _mark(view):
            raise Contradiction(
                "cursor", "belongs to another View; ask without it for the first rows of this one"
            )
        try:
            instant, total, keys = orjson.loads(_decoded(payload))
        except (ValueError, TypeError):
            raise ParameterError("cursor", NOT_OURS) from None
        names = [name for name, _ in view.order()]
        if not (_is_number(total) and isinstance(instant, str) and isinstance(keys, list)):
            raise ParameterError("cursor", NOT_OURS)
        if len(keys) != len(names):
            raise ParameterError("cursor", NOT_OURS)
        known = tuple(map(_read, keys, names))
        return cls(parse_instant("cursor", instant, "UTC"), int(total), known)


def _mark(view: View) -> str:
    """What tells a View from others: all that decides its rows and their order."""
    asked = view.but(columns=View().columns, tz=View().tz).to_query()
    return _encoded(hashlib.sha256(asked.encode()).digest())[:MARK]


def _encoded(told: bytes) -> str:
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(text) from error


def _read(key: Any, name: str) -> Any:
    """A key as a value of its column; ParameterError where it can be none."""
    kind = COLUMNS[name].kind
    if kind == "instant" and isinstance(key, str):
        return parse_instant("cursor", key, "UTC")
    if not (name not in ALWAYS_THERE if key is None else _FITS[kind](key)):
        raise ParameterError("cursor", NOT_OURS)
    return key


def _is_text(key: Any) -> bool:
    return isinstance(key, str) and "\x00" not in key


def _is_number(key: Any) -> bool:
    whole = isinstance(key, int | float) and not isinstance(key, bool)
    return whole and math.isfinite(key) and abs(key) < LARGEST


_FITS: dict[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "number": _is_number,
    "flag": lambda key: isinstance(key, bool),
    "list": lambda key: isinstance(key, list) and all(map(_is_text, key)),
    "instant": lambda _key: False,
}
