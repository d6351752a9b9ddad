"""What the address of `/quality` says of its own: which list is open, and whether muted entries."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from app.quality import LISTS
from app.view_fields import ParameterError


@dataclass(frozen=True, slots=True)
class Look:
    """The `name` of the open list (empty: the first with entries); `muted` yes: its muted ones."""

    name: str = ""
    muted: str = ""

    @classmethod
    def taken(cls, values: dict[str, list[str]]) -> Self:
        """Take both out of an address's parameters; ParameterError for bad ones."""
        return cls(
            _one("list", values.pop("list", [""]), ("", *LISTS)),
            _one("muted", values.pop("muted", [""]), ("", "yes")),
        )

    def to_query(self) -> str:
        """The part of a query string that says this; empty for the default."""
        pairs = {"list": self.name, "muted": self.muted}
        return urlencode({name: value for name, value in pairs.items() if value})


def _one(name: str, texts: list[str], allowed: tuple[str, ...]) -> str:
    if len(texts) != 1:
        raise ParameterError(name, "may be given once only")
    if texts[0] not in allowed:
        known = ", ".join(value for value in allowed if value)
        raise ParameterError(name, f"{texts[0][:40]!r} is not one of {known}")
    return texts[0]
