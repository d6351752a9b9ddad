"""What a page is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash.development.base_component import Component

from app.view import View


@dataclass(frozen=True, slots=True)
class Page:
    """One address. `content(view, version, **path variables)` makes what is shown inside the shell.

    A variable part of `path`, written `<name>`, must not share its name with a View's parameter.
    `sentence(view)` stands under the title, by default the View's own. With `period` the address
    may hold one, and `content` gets it as the argument `period`. `heading(**path variables)` is the
    title of one thing, by default the page's own. `own(values)` takes the parameters that only this
    page has out of the address's; `content` gets its answer, which has `to_query()`, as `own`.
    """

    name: str
    path: str
    title: str
    content: Callable[..., list[Component]]
    sentence: Callable[[View], str] | None = None
    period: bool = False
    heading: Callable[..., str] | None = None
    own: Callable[[dict[str, list[str]]], Any] | None = None
