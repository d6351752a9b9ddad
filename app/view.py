"""The View: what somebody looks at, as one immutable value.

    URL -> View -> SQL -> frame -> figure | table | CSV | API answer

`View.from_query` is the only parser of query strings and `View.to_query` the only writer;
`View.from_query(v.to_query()) == v` for every View. Nothing here knows a framework or a database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Self
from urllib.parse import parse_qsl, quote_plus

from app.columns import DEFAULT_COLUMNS
from app.view_fields import FIELDS, ParameterError
from app.words import view_sentence

MAX_QUERY_LENGTH = 8_000
DEFAULT_SORT = ("-updated",)
# Filters and sort keys by which rows come, go and change places without any change of the data.
BY_TIME = frozenset(
    {
        "sla",
        "sla_remaining_days",
        "stale",
        "recent",
        "bugs",
        "age_days",
        "age_in_status_days",
        "last_comment",
        "last_comment_at",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Filters, search, order, columns, time zone and the instant looked at.

    Tuples mean "any of"; an empty tuple means no filter. In a text filter the empty string, and in
    `severity` 0, stands for cases where the field is not set. Instants are aware and in UTC; ranges
    are half-open. `as_of` None means now.
    """

    q: str = ""
    state: str = "open"
    severity: tuple[int, ...] = ()
    status: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    engineer: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    product: tuple[str, ...] = ()
    product_version: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    waiting_on: tuple[str, ...] = ()
    card: tuple[str, ...] = ()
    card_status: tuple[str, ...] = ()
    escalated: tuple[str, ...] = ()
    crit_sit: tuple[str, ...] = ()
    escalation: tuple[str, ...] = ()
    sla: tuple[str, ...] = ()
    bugs: tuple[str, ...] = ()
    days_to_relief: tuple[str, ...] = ()
    days_to_resolution: tuple[str, ...] = ()
    days_to_close: tuple[str, ...] = ()
    closing: tuple[datetime, datetime] | None = None
    reopened: tuple[datetime, datetime] | None = None
    bug: tuple[str, ...] = ()
    stale: int | None = None
    recent: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    as_of: datetime | None = None
    sort: tuple[str, ...] = DEFAULT_SORT
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    tz: str = "UTC"

    @classmethod
    def from_query(cls, query: str) -> Self:
        """Read a URL's query string (without or with its `?`).

        Raises ParameterError, which names the parameter and says what it may be, for an unknown
        name or a bad value; nothing is ignored.
        """
        query = query.removeprefix("?")
        if len(query) > MAX_QUERY_LENGTH:
            raise ParameterError(
                "query",
                f"the address is longer than {MAX_QUERY_LENGTH} characters; use fewer filters",
            )
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            values.setdefault(name, []).append(value)
        return cls.from_values(values)

    @classmethod
    def from_values(cls, values: Mapping[str, Sequence[str]]) -> Self:
        """Read parameters already taken apart: each name with its values, in order."""
        unknown = [name for name in values if name not in FIELDS]
        if unknown:
            raise ParameterError.unknown(unknown[0])
        zone = FIELDS["tz"].parse(values["tz"], "UTC") if "tz" in values else "UTC"
        return cls(**{name: FIELDS[name].parse(texts, zone) for name, texts in values.items()})

    def to_query(self) -> str:
        """The query string of this View: what differs from the default, in a fixed order."""
        pairs: list[str] = []
        for name, default in _defaults():
            value = getattr(self, name)
            if value != default:
                pairs += [f"{name}={_quoted(text)}" for text in FIELDS[name].write(value)]
        return "&".join(pairs)

    def url(self, path: str) -> str:
        """The address of this View on a page: `/cases?severity=1`."""
        query = self.to_query()
        return f"{path}?{query}" if query else path

    def but(self, **changes: Any) -> Self:
        """This View with some fields changed; the values are those of the dataclass."""
        return replace(self, **changes)

    def filters(self) -> dict[str, Any]:
        """The fields in force that choose rows, by name: what the filter bar shows as chips."""
        return {
            name: getattr(self, name)
            for name, default in _defaults()
            if FIELDS[name].filters and getattr(self, name) != default
        }

    def only_filters(self) -> Self:
        """This View without its order and columns: all that decides a number."""
        return self.but(sort=DEFAULT_SORT, columns=DEFAULT_COLUMNS)

    def instant(self, now: datetime, changed_at: datetime | None = None) -> datetime:
        """The instant looked at, in UTC: `as_of`, else `now` cut to the minute.

        Cutting lets everything computed within a minute share one instant, so that two panels
        beside each other, and a count and the rows it links to, agree. What was loaded since
        (`changed_at`) is seen at once all the same.
        """
        if self.as_of:
            return self.as_of
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        return max(minute, changed_at) if changed_at and changed_at <= now else minute

    @property
    def goes_by_time(self) -> bool:
        """Whether its rows or their order change as time goes, without any change of the data."""
        return not BY_TIME.isdisjoint({*self.filters(), *(name for name, _ in self.order())})

    def sentence(self) -> str:
        """What is looked at, in words: "open cases of Acme, severity 1-2"."""
        return view_sentence(self)

    def order(self) -> list[tuple[str, bool]]:
        """The sort as (column, descending) pairs, ended by the case number so that it is total."""
        pairs = [(name.removeprefix("-"), name.startswith("-")) for name in self.sort]
        return pairs if any(name == "number" for name, _ in pairs) else [*pairs, ("number", False)]


# A table of a year has thousands of links, most of them with the same few values.
_quoted = lru_cache(maxsize=4096)(quote_plus)


@cache
def _defaults() -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in fields(View))
