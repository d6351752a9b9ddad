"""`/login` and `/logout`: the way in, drawn by the server alone, and the way out."""

from html import escape
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.auth import audit, sessions
from app.auth.same_site import next_page
from app.settings import get_settings

blueprint = Blueprint("login", __name__)

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Caseboard</title>
<link rel="stylesheet" href="/assets/00-bootstrap-reboot.min.css">
<link rel="stylesheet" href="/assets/10-palette.css">
<link rel="stylesheet" href="/assets/50-door.css">
<script src="/assets/theme.js"></script>
</head>
<body class="door">
<main>
<div class="brand"><span class="mark"></span><span>Caseboard</span></div>
<h1>{title}</h1>
<p>{told}</p>
<a class="enter" href="{way}">Sign in</a>
<p class="secondary">You are led to your organisation's login and back.</p>
</main>
</body>
</html>"""


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


def page(title: str, told: str, way: str, status: int = 200) -> Response:
    """The page of the door with a title, a sentence, and the way in to a path of ours."""
    target = "/saml/login" if way == "/" else f"/saml/login?next={quote(way, safe='')}"
    text = PAGE.format(title=escape(title), told=escape(told), way=escape(target))
    return Response(text, status, mimetype="text/html")
