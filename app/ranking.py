"""Which bugs a list of them shows, and in which order: what the address of `/bugs` says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from urllib.parse import urlencode

from app.view_fields import Contradiction, ParameterError

TRACKERS = {"bugzilla": "Bugzilla", "jira": "JIRA"}
# What a list of bugs can be sorted by, and whether its greatest value is the most telling one.
SORTS: dict[str, bool] = {
    "key": False,
    "tracker": False,
    "summary": False,
    "status": False,
    "severity": False,
    "target": False,
    "assignee": False,
    "cases": True,
    "accounts": True,
    "worst": False,
    "weight": True,
    "days_waited": True,
    "mismatched": True,
    "slips": True,
}
MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """Filters and order of a list of bugs.

    `target` "none": only those without one; `mismatch` and `restricted` "yes": only those. `sort`
    names columns, `-` for descending. `page` counts from 1.
    """

    tracker: str = ""
    target: str = ""
    mismatch: str = ""
    restricted: str = ""
    sort: tuple[str, ...] = ("-days_waited",)
    page: int = 1

    @classmethod
    def taken(cls, values: dict[str, list[str]], *, paged: bool = True) -> Self:
        """Take the parameters of a ranking out of an address's; ParameterError for bad ones.

        `paged` tells whether one page may be asked for.
        """
        told: dict[str, Any] = {}
        for name, allowed in CHOICES.items():
            if name in values:
                told[name] = _choice(name, values.pop(name), allowed)
        if "sort" in values:
            told["sort"] = _sort(values.pop("sort"))
        if paged and "page" in values:
            told["page"] = _page(values.pop("page"))
        return cls(**told)

    def to_query(self) -> str:
        """The part of a query string that says this ranking; empty for the default."""
        pairs = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                pairs.append((field.name, text))
        return urlencode(pairs)

    def but(self, **changes: Any) -> Self:
        """This ranking with some fields changed, from its first page on."""
        return replace(self, **{"page": 1, **changes})

    def filters(self) -> dict[str, str]:
        """The filters in force, by name."""
        return {name: getattr(self, name) for name in CHOICES if getattr(self, name)}

    def sorted_by(self, name: str) -> Self:
        """This ranking sorted by a column; the other way round where it is already."""
        first = f"-{name}" if SORTS[name] else name
        turned = name if SORTS[name] else f"-{name}"
        return self.but(sort=(turned if self.sort[0] == first else first,))


TOGGLES = {"target": "none", "mismatch": "yes", "restricted": "yes"}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "tracker": tuple(TRACKERS),
    **{name: (value,) for name, value in TOGGLES.items()},
}


def _choice(name: str, texts: Sequence[str], allowed: tuple[str, ...]) -> str:
    if len(texts) != 1:
        raise ParameterError(name, "may be given once only")
    if texts[0] not in allowed:
        raise ParameterError(name, f"{texts[0][:40]!r} is not one of {', '.join(allowed)}")
    return texts[0]


def _sort(texts: Sequence[str]) -> tuple[str, ...]:
    names = tuple(part.strip() for text in texts for part in text.split(","))
    bare = [name.removeprefix("-") for name in names]
    unknown = [name for name in bare if name not in SORTS]
    if unknown:
        fault = f"{unknown[0][:40]!r} is not a column of bugs; columns are {', '.join(SORTS)}"
        raise ParameterError("sort", fault)
    if len(set(bare)) != len(bare):
        raise Contradiction("sort", "names a column twice")
    return names


def _page(texts: Sequence[str]) -> int:
    text = texts[0]
    good = text.isascii() and text.isdigit() and len(text) < 7
    if len(texts) != 1 or not good or not 1 <= int(text) <= MOST_PAGES:
        raise ParameterError("page", f"{text[:40]!r} is not the number of a page")
    return int(text)
