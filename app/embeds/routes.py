"""`/embed/<token>`: what other pages show.

The signed address is all that opens it: no cookie, no session, no token of a person is read, and
nothing can be asked for beside what was signed.
"""

import logging
from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app.api.requests import problem
from app.auth import audit
from app.auth.loopback import is_from_here
from app.embeds import page, plotlyjs
from app.embeds.ancestors import may_show
from app.embeds.answer import Asked, answer
from app.embeds.claims import BadToken, Claims, read
from app.embeds.picture import picture
from app.embeds.store import Refused, refuse_ended
from app.images.form import MIMETYPES, Kind
from app.settings import get_settings
from app.version import data_version
from app.view_fields import ParameterError

log = logging.getLogger(__name__)
blueprint = Blueprint("embed", __name__)

# A page that says why nothing is shown tells nothing else, so any page may show it.
ANYBODY = "*"
TYPES: dict[Kind, str] = {"png": "image/png", "svg": "image/svg+xml"}
# Images are kept by whoever shows them for as long as an embed waits between two looks.
IMAGE_SECONDS = 60


@blueprint.get(plotlyjs.PATH)
def plotly() -> Response:
    """The script that draws charts."""
    return plotlyjs.answer()


def opened(show: Callable[[Asked], Response]) -> Callable[[str], Response]:
    """A view that is shown only what a token says, and only while it holds."""

    @wraps(show)
    def view(token: str) -> Response:
        page.framed_by(ANYBODY)
        try:
            claims = _claims(token)
            page.framed_by(claims.frame_ancestors)
            _refuse_changed(claims)
            refuse_ended(claims)
            return show(_asked(claims))
        except Refused as fault:
            return _refuse(token, fault.code)
        except SQLAlchemyError:
            log.warning("An embed could not be shown: the database does not answer")
            return _away()

    return view


@blueprint.get("/embed/<token>")
@opened
def shell(asked: Asked) -> Response:
    """The page: what it is and where its data come from; a script draws them."""
    return page.shown(
        title=asked.title,
        sentence=asked.rows.sentence(),
        time=asked.time,
        theme=asked.claims.theme,
        source=f"{request.path}/data",
        rows=asked.rows,
        draws=asked.panel is not None,
    )


@blueprint.get("/embed/<token>/data")
@opened
def data(asked: Asked) -> Response:
    """What it shows now; 304 for whoever has that already, which costs no look at the cases."""
    mark = asked.mark
    if request.if_none_match.contains_weak(mark):
        response = Response(status=304)
    else:
        response = Response(answer(asked), mimetype="application/json")
    response.set_etag(mark)
    return response


def _image(kind: Kind) -> Callable[[str], Response]:
    def image(asked: Asked) -> Response:
        mark = asked.mark
        if request.if_none_match.contains_weak(mark):
            response = Response(status=304)
        else:
            response = Response(picture(asked, kind), mimetype=MIMETYPES[kind])
        response.set_etag(mark)
        response.headers["Cache-Control"] = f"private, max-age={IMAGE_SECONDS}"
        # Browsers hold images back from other sites else.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return opened(image)


for each in MIMETYPES:
    blueprint.add_url_rule(f"/embed/<token>.{each}", f"embed_{each}", _image(each))


def _claims(token: str) -> Claims:
    """What the token says; Refused when none of our keys has signed it."""
    try:
        return read(token)
    except BadToken as fault:
        raise Refused(fault.code) from None


def _refuse_changed(claims: Claims) -> None:
    """Refused unless it is asked for just as it was signed, and by a page that may."""
    if request.query_string or request.path.endswith("/"):
        raise Refused("parameter")
    if not may_show(request, claims.ancestors) or (
        # Without a login nobody is served from elsewhere, nor by another name (DNS rebinding).
        get_settings().auth == "none" and not is_from_here(request)
    ):
        raise Refused("ancestor")


def _asked(claims: Claims) -> Asked:
    try:
        return Asked.of(claims, data_version())
    except (KeyError, ParameterError):
        # Signed by a release that knew it.
        raise Refused("gone") from None


def _refuse(token: str, code: str) -> Response:
    """403 and a row in the audit log, of which one address gets only so many a minute."""
    limiter = current_app.extensions["limiter"]
    if limiter.hit("embed_refused", request.remote_addr or "unknown") is None:
        _record(token, code)
    else:
        log.warning("Refused embeds (%s) come too often to be recorded", code)
    if _is_page():
        return page.refused(code)
    title, told = page.REFUSALS.get(code, page.NOT_VALID)
    return problem(403, title, told, reason=code)


def _record(token: str, code: str) -> None:
    """The row; what would open the embed does not stand in it."""
    try:
        target = f"embed {read(token).id}"
    except BadToken:
        target = "embed ?"
    detail = {"referer": request.headers.get("Referer", "")[:200]} if code == "ancestor" else None
    try:
        audit.record("embed_use", outcome="refused", target=target, reason=f"embed_{code}",
                     detail=detail)  # fmt: skip
    except SQLAlchemyError:
        log.warning("A refused embed (%s) could not be recorded: no database", code)


def _away() -> Response:
    if _is_page():
        return page.away()
    response = problem(503, "Database away", "The database does not answer; try again soon.")
    response.headers["Retry-After"] = str(page.EVERY_SECONDS)
    return response


def _is_page() -> bool:
    return request.endpoint == "embed.shell"
