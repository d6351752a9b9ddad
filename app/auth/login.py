"""`/login` and `/logout`: the way in, drawn by the server alone, and the way out."""

from urllib.parse import quote

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.auth import audit, sessions
from app.auth.notice import Act, notice
from app.auth.same_site import next_page
from app.settings import get_settings

blueprint = Blueprint("login", __name__)


@blueprint.get("/login")
def login() -> BaseResponse:
    """The page that leads to the identity provider; whoever is in already goes on."""
    way = next_page(request.args.get("next"))
    cookie = sessions.sent()
    if get_settings().auth == "none" or (cookie and sessions.find(cookie, touch=False)):
        return redirect(way, 303)
    if "out" in request.args:
        return page("You are signed out", "Sign in again whenever you like.", way)
    return page("Sign in", "This board holds the cases of your customers.", way)


@blueprint.post("/logout")
def logout() -> BaseResponse:
    """End the session, wherever its cookie may have been copied to."""
    cookie = sessions.sent()
    person = sessions.find(cookie, touch=False) if cookie else None
    if cookie and person and sessions.end(cookie):
        audit.record("logout", outcome="done", actor=person)
    response = redirect("/login?out=1", 303)
    sessions.drop_cookie(response)
    return response


def page(title: str, told: str, way: str) -> Response:
    """The page of the door with a title, a sentence, and the way in to a path of ours."""
    target = "/saml/login" if way == "/" else f"/saml/login?next={quote(way, safe='')}"
    led = "You are led to your organisation's login and back."
    return notice(title, told, act=Act("Sign in", target), small=led)
