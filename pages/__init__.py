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

from app.auth import audit, policy
from app.auth.person import current
from app.period import Period
from app.place import Place, read_address, read_own
from app.version import Version, data_version
from app.view import View
from app.view_fields import ParameterError
from components import notices, shell
from pages import (
    account,
    accounts,
    admin,
    bugs,
    case,
    cases,
    engineer,
    engineers,
    flow,
    overview,
    quality,
    sync,
    tokens,
    trending,
    trends,
    updates,
    weekly,
)
from pages.page import Page

log = logging.getLogger(__name__)

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    cases.PAGE,
    case.PAGE,
    trends.PAGE,
    flow.PAGE,
    accounts.PAGE,
    account.PAGE,
    engineers.PAGE,
    engineer.PAGE,
    bugs.PAGE,
    trending.PAGE,
    updates.PAGE,
    weekly.PAGE,
    quality.PAGE,
    sync.PAGE,
    tokens.PAGE,
    admin.PAGE,
)


def template(path: str) -> str | None:
    """The path of the page that lives at a path, with its variable parts named; None for none."""
    found = _find(path)
    return found[0].path if found else None


def check(path: str, query: str) -> None:
    """ParameterError where a page's address cannot be followed."""
    found = _find(path)
    _read(found[0] if found else None, query)


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
        view, period, own = _read(found[0] if found else None, query)
    except ParameterError as error:
        fault = notices.bad_parameter(error, path, query)
        title = found[0].title if found else "Caseboard"
        told = "nothing is shown"
        return shell.frame(title, Place(path), View(), [fault], _version(), sentence=told)
    place = Place(path, period, own.to_query() if own else "")
    if found is None:
        nothing = notices.no_page(path)
        told = "nothing is shown"
        return shell.frame("Caseboard", place, view, [nothing], _version(), sentence=told)
    page, arguments = found
    role = policy.page(page.path)
    if role is None or not current().may(role):
        audit.record("access", outcome="refused", target=f"GET {path}", reason="role")
        return shell.frame(page.title, place, view, [notices.not_for_you(role)], None)
    try:
        version = data_version()
        content: Callable[..., list[Component]] = page.content
        asked = {"period": period} if page.period else {}
        asked |= {"own": own} if page.own else {}
        shown = content(view, version, **arguments, **asked)
    except SQLAlchemyError:
        log.exception("%s cannot be shown", path)
        return shell.frame(page.title, place, view, [notices.database_away()], None)
    sentence = page.sentence(view) if page.sentence else None
    title = page.heading(**arguments) if page.heading else page.title
    return shell.frame(title, place, view, shown, version, sentence=sentence)


def _read(page: Page | None, query: str) -> tuple[View, Period, Any]:
    """The View, the period and the page's own parameters of an address; ParameterError."""
    own: Any = None
    if page is not None and page.own is not None:
        own, query = read_own(query, page.own)
    view, period = read_address(query, period=page is not None and page.period)
    return view, period, own


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
