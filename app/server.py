"""The web application, put together: `create_app()` is what gunicorn serves."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dash import Dash
from dash.exceptions import DependencyException, InvalidResourceError
from flask import Flask, Response, abort, g, redirect, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

import pages
from app import (
    cache,
    compression,
    health,
    lastshown,
    logs,
    meters,
    redirects,
    scrape,
    statics,
)
from app.api import (
    annotations,
    audit,
    bugs,
    case,
    cases,
    charts,
    conditional,
    daily,
    docs,
    embeds,
    facets,
    faults,
    flow,
    images,
    openapi,
    quality,
    reports,
    sync,
    tokens,
    views,
    who,
)
from app.api.requests import problem
from app.auth import forward, gate, headers, login, policy, saml_routes
from app.auth.loopback import refuse_unsafe_start
from app.auth.person import current
from app.auth.saml_settings import refuse_incomplete
from app.embeds import routes as embed_routes
from app.images.faults import NoImage
from app.saved_views import opening_view
from app.settings import get_settings
from app.turnstile import Turnstile
from app.view_fields import ParameterError
from components import sample, shell
from etl.errors import FileRefused
from etl.events_import import SAMPLE, import_events

log = logging.getLogger(__name__)

# Dash's own page, which does not say what language it is in.
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="ICON">
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""
ICON = "/assets/favicon.svg?m="
BLUEPRINTS = (
    health.blueprint,
    scrape.blueprint,
    login.blueprint,
    forward.blueprint,
    saml_routes.blueprint,
    openapi.blueprint,
    docs.blueprint,
    cases.blueprint,
    case.blueprint,
    facets.blueprint,
    charts.blueprint,
    flow.blueprint,
    who.blueprint,
    sync.blueprint,
    views.blueprint,
    images.blueprint,
    daily.blueprint,
    annotations.blueprint,
    bugs.blueprint,
    quality.blueprint,
    reports.blueprint,
    redirects.blueprint,
    embeds.blueprint,
    embed_routes.blueprint,
    tokens.blueprint,
    audit.blueprint,
)
ROOT = Path(__file__).parent.parent
NO_PAGES = (
    *("/_", "/api/", "/assets/", "/embed/", "/healthz", "/readyz", "/metrics"),
    *("/login", "/logout", "/saml/", "/auth/"),
)


def create_app() -> Flask:
    """The WSGI application with pages, API and health checks.

    Raises SettingsError when the settings are wrong; connects to nothing yet.
    """
    settings = get_settings()
    logs.set_up()
    refuse_unsafe_start(settings)
    refuse_incomplete(settings)
    server = Flask(__name__, static_folder=None)
    server.debug = False  # whatever FLASK_DEBUG says
    server.url_map.strict_slashes = False
    server.secret_key = settings.secret_key
    server.config["SECRET_KEY_FALLBACKS"] = list(settings.secret_key_fallbacks)
    if settings.trusted_proxies:
        # Only a reader's address is taken from them: who we are, BASE_URL says.
        proxies = {"x_for": settings.trusted_proxies, "x_proto": 0, "x_host": 0}
        server.wsgi_app = ProxyFix(server.wsgi_app, **proxies)  # type: ignore[method-assign]
    server.wsgi_app = Turnstile(server.wsgi_app)  # type: ignore[method-assign]
    server.wsgi_app = meters.timed(server.wsgi_app)  # type: ignore[method-assign]
    meters.register(server)
    board = _board()
    compression.register(server)
    statics.register(server)
    headers.register(server, board.csp_hashes)
    health.register(server)
    gate.register(server, board.callback_map)
    conditional.register(server)
    lastshown.register(server)
    cache.init_cache(server, settings.redis_url)
    for blueprint in BLUEPRINTS:
        server.register_blueprint(blueprint)
    _register_faults(server)
    _check_addresses(server)
    _open_with_views(server)
    board.init_app(server)
    statics.put_bundles(server)
    server.extensions["board"] = board
    sample.register(load_sample)
    pages.register(board)
    # Dash finishes its set-up at the first request, and two at once would find it half done.
    server.test_client().get("/healthz")
    return server


# Served, but for pages of their own.
FOR_EMBEDS = r"^embed\."
# Its tools for developers stay off, whatever DASH_* variables say.
NO_TOOLS = {"ui": False, "props_check": False, "validate_callbacks": False}


class Board(Dash):  # type: ignore[misc]
    """Dash, telling nobody which versions it runs on, and nobody's debugger."""

    def _config(self) -> Any:
        told = super()._config()
        kept = {name: value for name, value in told.items() if "version" not in name}
        kept.pop("hot_reload", None)
        return kept | NO_TOOLS | {"disable_version_check": True}

    def _collect_and_register_resources(self, *given: Any, **more: Any) -> list[Any]:
        found = super()._collect_and_register_resources(*given, **more)
        return [statics.addressed(one) for one in statics.needed(found)]


def _board() -> Board:
    return Board(
        __name__,
        server=False,
        title="Caseboard",
        index_string=INDEX.replace("ICON", statics.addressed(ICON)),
        update_title=None,
        use_pages=True,
        # Folder discovery would import every page a second time under another name.
        pages_folder="",
        assets_folder=str(ROOT / "assets"),
        assets_ignore=FOR_EMBEDS,
        serve_locally=True,
        enable_mcp=False,
        # They would tell a page's address by the Host header, which anybody may send.
        include_pages_meta=False,
        suppress_callback_exceptions=True,
        on_error=meters.counted(shell.tell_fault),
    )


def load_sample() -> tuple[bool, str]:
    """Load the sample log, moved so that its last opening is today: whether it could, in words."""
    try:
        report = import_events(SAMPLE, shift_to_now=True)
    except FileRefused as refusal:
        return False, str(refusal)
    return True, f"{report.cases:,} cases from {report.read:,} updates."


def _check_addresses(server: Flask) -> None:
    """A page whose address cannot be followed answers 400, one that does not exist 404.

    The page itself still comes, and tells the reader what is wrong.
    """

    @server.before_request
    def note_status() -> None:
        g.page_status = None
        # Dash would answer any address with the shell of a page.
        if request.path.startswith("/api/") and str(request.url_rule) == faults.ANY_PAGE:
            raise faults.no_such_operation()
        if request.path.startswith("/_") and str(request.url_rule) == faults.ANY_PAGE:
            abort(404)
        if request.method != "GET" or not _is_page(request.path):
            return
        found = pages.template(_path_sent())
        if found is None:
            g.page_status = 404
            return
        role = policy.page(found)
        if role is None or not current().may(role):
            g.page_status = 403
            return
        try:
            pages.check(_path_sent(), request.query_string.decode("utf-8", "replace"))
        except ParameterError:
            g.page_status = 400

    @server.after_request
    def set_status(response: Response) -> Response:
        if g.get("page_status") and response.status_code == 200:
            response.status_code = g.page_status
        return response


def _open_with_views(server: Flask) -> None:
    @server.before_request
    def open_with_a_view() -> BaseResponse | None:
        """`/cases` alone opens with the View that the person chose for it."""
        if request.method != "GET" or request.path != "/cases" or request.query_string:
            return None
        try:
            chosen = opening_view(current())
        except SQLAlchemyError:
            return None
        query = chosen.view.to_query() if chosen else ""
        return redirect(f"/cases?{query}#view={chosen.id}") if chosen and query else None


def _path_sent() -> str:
    """The path as it was sent: once read, a slash inside a name looks like any other."""
    sent = str(request.environ.get("RAW_URI") or "")
    return sent.split("?", maxsplit=1)[0] if sent.startswith("/") else quote(request.path)


def _is_page(path: str) -> bool:
    return not path.startswith(NO_PAGES)


def _register_faults(server: Flask) -> None:
    faults.register(server)

    @server.errorhandler(DependencyException)
    @server.errorhandler(InvalidResourceError)
    def no_such_part(error: Exception) -> Response:
        log.info("%s: %s", request.path[:200], type(error).__name__)
        return problem(404, "Not found", "There is no such part of the pages.")

    server.register_error_handler(NoImage, images.no_image)
