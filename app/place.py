"""Where somebody is: a page's path, and the period that its address carries beside the View."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs, urlencode

from app.period import PARAMETERS, USUAL, Period
from app.view import MAX_QUERY_LENGTH, View

Own = TypeVar("Own")


@dataclass(frozen=True, slots=True)
class Place:
    """A page that is being looked at.

    `own` is what its address says in parameters of its own, as the part of a query string.
    """

    path: str
    period: Period = USUAL
    own: str = ""

    def url(self, view: View) -> str:
        """The address of a View at this place."""
        query = "&".join(part for part in (view.to_query(), self.beside()) if part)
        return f"{self.path}?{query}" if query else self.path

    def beside(self) -> str:
        """What the address says beside the View."""
        return "&".join(part for part in (self.period.to_query(), self.own) if part)


def read_address(query: str, *, period: bool) -> tuple[View, Period]:
    """The View and the period of an address's query string.

    ParameterError for anything that is neither; `period` tells whether one is allowed.
    """
    query = query.removeprefix("?")
    if not period or not any(name in query for name in PARAMETERS):
        return View.from_query(query), Period()
    if len(query) > MAX_QUERY_LENGTH:
        return View.from_query(query), Period()
    values = parse_qs(query, keep_blank_values=True)
    apart = {name: values.pop(name) for name in PARAMETERS if name in values}
    view = View.from_values(values)
    return view, Period.taken(apart, view.tz)


def read_own(query: str, take: Callable[[dict[str, list[str]]], Own]) -> tuple[Own, str]:
    """What `take` takes out of an address's parameters, and the query string of the rest.

    ParameterError for what a page's own parameters cannot be.
    """
    query = query.removeprefix("?")
    if len(query) > MAX_QUERY_LENGTH:
        return take({}), query
    values = parse_qs(query, keep_blank_values=True)
    own = take(values)
    return own, urlencode(values, doseq=True)
