"""The pages, one address each. `PAGES` is the site map."""

import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import dash
from dash import Dash, State
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.place import Place, read_address
from app.version import Version, data_version
from app.view import View
from app.view_fields import ParameterError
from components import notices, shell
from pages import case, cases, overview, sync, trends
from pages.page import Page

log = logging.getLogger(__name__)

PAGES: tuple[Page, ...] = (overview.PAGE, cases.PAGE, case.PAGE, trends.PAGE, sync.PAGE)


def exists(path: str) -> bool:
    """Whether a page lives at a path."""
    return _find(path) is not None


def check(path: str, query: str) -> None:
    """ParameterError where a page's address cannot be followed."""
    found = _find(path)
    read_address(query, period=found is not None and found[0].period)


def register(app: Dash) -> None:
    """Make the pages known to Dash, and put the shell around them.

    They are registered one by one: Dash's own discovery of a folder would import every page a
    second time, and lets a query parameter override a part of the path.
    """
    app.routing_callback_inputs = {
        "address_path": State(dash.dash._ID_LOCATION, "pathname"),  # noqa: SLF001
        "address_query": State(dash.dash._ID_LOCATION, "search"),  # noqa: SLF001
    }
    for page in PAGES:
        dash.register_page(
            page.name,
            path=page.path if "<" not in page.path else None,
            path_template=page.path if "<" in page.path else None,
            title=f"{page.title} · Caseboard",
            layout=_show,
        )
    dash.register_page("not_found_404", path="/not-found", title="Caseboard", layout=_show)
    app.layout = shell.root()


def _show(**given: Any) -> Component:
    """The whole content of the window for an address, faults told kindly."""
    path, query = str(given.get("address_path") or "/"), str(given.get("address_query") or "")
    found = _find(path)
    try:
        view, period = read_address(query, period=found is not None and found[0].period)
    except ParameterError as error:
        fault = notices.bad_parameter(error, path, query)
        title = found[0].title if found else "Caseboard"
        told = "nothing is shown"
        return shell.frame(title, Place(path), View(), [fault], _version(), sentence=told)
    place = Place(path, period)
    if found is None:
        nothing = notices.no_page(path)
        told = "nothing is shown"
        return shell.frame("Caseboard", place, view, [nothing], _version(), sentence=told)
    page, arguments = found
    try:
        version = data_version()
        content: Callable[..., list[Component]] = page.content
        asked = {"period": period} if page.period else {}
        shown = content(view, version, **arguments, **asked)
    except SQLAlchemyError:
        log.exception("%s cannot be shown", path)
        return shell.frame(page.title, place, view, [notices.database_away()], None)
    sentence = page.sentence(view) if page.sentence else None
    title = page.heading(**arguments) if page.heading else page.title
    return shell.frame(title, place, view, shown, version, sentence=sentence)


def _version() -> Version | None:
    """The data version for a page that shows no data; None where it cannot be read."""
    try:
        return data_version()
    except SQLAlchemyError:
        return None


def _find(path: str) -> tuple[Page, dict[str, str]] | None:
    """The page at a path, with what its variable parts say."""
    for page in PAGES:
        pattern = re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", page.path)
        match = re.fullmatch(f"{pattern}/?" if page.path != "/" else "/?", path)
        if match:
            parts = {name: unquote(part) for name, part in match.groupdict().items()}
            return None if any("\x00" in part for part in parts.values()) else (page, parts)
    return None
