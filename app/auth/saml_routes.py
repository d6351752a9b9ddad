"""Signing in and out by SAML: `/saml/...`.

The answer of the identity provider comes by a cross-site POST, to which browsers attach no Lax
cookie. So `/saml/acs` judges the answer, keeps it under a one-time code, and sends the browser on
to `/saml/finish` by GET: there the cookie comes along, and must be that of the browser that asked.
"""

import logging
import re
import secrets

from flask import Blueprint, Response, g, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from app.auth import audit, saml, saml_logout, saml_store, sessions
from app.auth.notice import Act, notice
from app.auth.same_site import next_page
from app.auth.saml_checks import Refused
from app.auth.saml_metadata import metadata
from app.auth.saml_settings import ANSWER, FINISH, LOGIN, LOGOUT, LOGOUT_MESSAGES, METADATA, address
from app.auth.users import AuthRefused
from app.database import transaction
from app.settings import get_settings

log = logging.getLogger(__name__)
blueprint = Blueprint("saml", __name__)

# A message in base64, escaped for a form, and what else stands in it.
LARGEST_BODY = 400_000
BROWSER_VALUE = re.compile(r"[\w-]{43}", re.ASCII)
AGAIN = Act("Sign in again", LOGIN)


@blueprint.before_request
def only_with_saml() -> Response | None:
    """Without SAML there is nothing here; no body may be larger than a message."""
    request.max_content_length = request.max_form_memory_size = LARGEST_BODY
    if get_settings().auth != "saml":
        return notice("Nothing to sign in to", "This board runs without a login.", status=404)
    return None


@blueprint.after_request
def keep_nothing(response: Response) -> Response:
    """No cache may keep what is said here, and nobody learns an address with a code in it."""
    response.headers["Cache-Control"] = "no-store"
    if request.path == FINISH:
        response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get(METADATA)
def tell_metadata() -> Response:
    """What the identity provider must know of Caseboard."""
    return Response(metadata(), mimetype="application/samlmetadata+xml")


@blueprint.get(LOGIN)
def login() -> BaseResponse:
    """Ask the identity provider who this is; `next` is the page to come back to."""
    sent = request.cookies.get(_browser_cookie(), "")
    # Kept when it is there, so that two tabs may sign in at a time.
    browser = sent if BROWSER_VALUE.fullmatch(sent) else secrets.token_urlsafe(32)
    question, place = saml.ask()
    saml_store.asked(
        question, "login", browser=browser, return_path=next_page(request.args.get("next"))
    )
    response = redirect(place, 303)
    response.set_cookie(
        _browser_cookie(), browser, max_age=saml_store.QUESTION_MINUTES * 60, path="/",
        secure=_is_https(), httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


@blueprint.post(ANSWER)
def take_answer() -> BaseResponse:
    """Judge the answer of the identity provider."""
    given = request.form.getlist("SAMLResponse")
    if len(given) != 1:
        raise Refused("ambiguous" if given else "no_message")
    answer = saml.read_answer(given[0])
    code = saml_store.hand(answer, next_page(request.form.get("RelayState")))
    return redirect(f"{address(FINISH)}?code={code}", 303)


@blueprint.get(FINISH)
def finish() -> BaseResponse:
    """Let in whom the answer names, in the browser that asked."""
    browser = request.cookies.get(_browser_cookie())
    handed = saml_store.redeem(request.args.get("code", ""), browser)
    try:
        session = sessions.begin(handed.identity, sessions.sent())
    except AuthRefused as refusal:
        return notice("You cannot enter", str(refusal), act=AGAIN, small=_number(), status=403)
    saml_store.begun(session, handed.identity, handed.subject)
    response: BaseResponse = redirect(address(handed.return_path), 303)
    if not handed.bound:
        # Nobody here asked for it, so the reader shall see as whom they go on.
        words = f"You are now signed in as {handed.identity.name}."
        response = notice("Signed in", words, act=Act("Go on", address(handed.return_path)))
    sessions.put_cookie(response, session)
    return response


@blueprint.get(LOGOUT)
def offer_logout() -> Response:
    """Nothing is changed by following a link."""
    return notice("Sign out?", act=Act("Sign out", LOGOUT, post=True))


@blueprint.post(LOGOUT)
def logout() -> BaseResponse:
    """End the session here, then ask the identity provider to end its own."""
    session, leave = sessions.sent(), None
    response: BaseResponse
    if session:
        person, named = sessions.find(session, touch=False), saml_store.called(session)
        if sessions.end(session):
            audit.record("logout", outcome="done", actor=person)
        leave = saml_logout.ask(*named) if named else None
    if leave is None:
        response = _signed_out()
    else:
        question, place = leave
        saml_store.asked(question, "logout")
        # Not a redirect: the policy for forms would keep the browser from leaving the site.
        response = notice("Signing out", "One moment.", act=Act("Go on", place), onward=place)
    sessions.drop_cookie(response)
    return response


@blueprint.route(LOGOUT_MESSAGES, methods=["GET", "POST"])
def take_logout_message() -> BaseResponse:
    """What the identity provider says of signing out: that somebody left, or that it is done."""
    if request.method == "POST":
        message = saml_logout.read_form(dict(request.form.lists()))
    else:
        query = request.query_string.decode("ascii", "replace")
        message = saml_logout.read_redirect(query, dict(request.args.lists()))
    if isinstance(message, saml_logout.LogoutRequest):
        return _end(message)
    if not saml_store.answered(message.in_response_to, "logout"):
        raise Refused("unknown_request", str(message.in_response_to)[:100])
    return _signed_out() if message.done else _signed_out_here()


@blueprint.errorhandler(Refused)
def refuse(refusal: Refused) -> Response:
    """The reason goes to the audit log; the sender learns only what to do."""
    act = "logout" if request.path == LOGOUT_MESSAGES else "login"
    audit.record(act, outcome="refused", reason=refusal.reason, detail={"said": str(refusal)})
    log.warning("%s by SAML refused: %s", act, refusal.reason)
    status = 413 if refusal.reason == "too_large" else 403
    if act == "logout":
        words = "The message to sign out could not be read. Close the browser to be sure."
        return notice("Not signed out", words, small=_number(), status=status)
    return notice(
        "You could not be signed in",
        "The answer of your identity provider was too old, was used before, or did not belong to "
        "this browser. Signing in again usually helps.",
        "If it does not, tell whoever looks after this board the number below.",
        act=AGAIN,
        small=_number(),
        status=status,
    )


@blueprint.errorhandler(RequestEntityTooLarge)
def refuse_size(_: RequestEntityTooLarge) -> Response:
    """A body that nobody reads."""
    return refuse(Refused("too_large", "the body of the request"))


def _end(message: saml_logout.LogoutRequest) -> BaseResponse:
    with transaction() as connection:
        saml_store.see(connection, message.issuer, message.id, message.until)
    ended = 0
    for person, index in saml_store.left(message.issuer, message.name_id, message.indexes):
        ended += sessions.end_of(message.issuer, person, index)
    detail = {"sessions": ended}
    audit.record("logout", outcome="done", target=message.name_id, reason="single_logout",
                 detail=detail)  # fmt: skip
    place = saml_logout.answer_address(message)
    response = redirect(place, 303) if place else _signed_out()
    own = sessions.sent()
    if own and sessions.find(own, touch=False) is None:
        sessions.drop_cookie(response)
    return response


def _signed_out() -> BaseResponse:
    return redirect("/login?out=1", 303)


def _signed_out_here() -> Response:
    words = (
        "Your identity provider did not say that you are signed out there too. Close the browser "
        "to be sure."
    )
    return notice("You are signed out here", words, act=Act("Sign in", LOGIN))


def _number() -> str:
    return f"Number {g.get('request_id', 'unknown')}"


def _browser_cookie() -> str:
    return "__Host-caseboard-browser" if _is_https() else "caseboard-browser"


def _is_https() -> bool:
    return get_settings().base_url.startswith("https://")
