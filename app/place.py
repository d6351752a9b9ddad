"""Where somebody is: a page's path, and the period that its address carries beside the View."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from app.period import PARAMETERS, USUAL, Period
from app.view import MAX_QUERY_LENGTH, View


@dataclass(frozen=True, slots=True)
class Place:
    """A page that is being looked at."""

    path: str
    period: Period = USUAL

    def url(self, view: View) -> str:
        """The address of a View at this place."""
        query = "&".join(part for part in (view.to_query(), self.period.to_query()) if part)
        return f"{self.path}?{query}" if query else self.path


def read_address(query: str, *, period: bool) -> tuple[View, Period]:
    """The View and the period of an address's query string.

    ParameterError for anything that is neither; `period` tells whether one is allowed.
    """
    query = query.removeprefix("?")
    if not period or not any(name in query for name in PARAMETERS):
        return View.from_query(query), USUAL
    if len(query) > MAX_QUERY_LENGTH:
        return View.from_query(query), USUAL
    values = parse_qs(query, keep_blank_values=True)
    apart = {name: values.pop(name) for name in PARAMETERS if name in values}
    view = View.from_values(values)
    return view, Period.taken(apart, view.tz)
