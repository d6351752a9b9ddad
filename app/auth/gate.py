"""The gate that every request passes: who is it, and may they do that? Closed unless declared."""

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, redirect, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app import logs
from app.api.requests import problem
from app.auth import audit, policy, recall, sessions, tokens
from app.auth.callbacks import BadCallback, declared
from app.auth.limits import Limiter
from app.auth.loopback import is_from_here
from app.auth.person import LOCAL, Person
from app.auth.policy import Need
from app.auth.same_site import is_ours, next_page
from app.database import STATEMENT_SECONDS, patience, reads
from app.settings import get_settings

log = logging.getLogger(__name__)

LONGEST_ADDRESS = 8_100
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
LARGEST_BODY = 1_000_000
# Seconds that one statement may take for a kind of work; exports set their own.
PATIENCE = {"api": 10, "search": 10, "scrape": 5}
CALLBACKS = "/_dash-update-component"
# The one address of the API that people read.
DOCS = "/api/v1/docs"

Answer = Response | BaseResponse | None
Callbacks = Mapping[str, Mapping[str, Any]]


class Gate:
    """What the gate knows: the limits, and the callbacks that there are."""

    def __init__(self, limiter: Limiter, callbacks: Callbacks) -> None:
        self._limiter = limiter
        self._callbacks = callbacks

    def check(self) -> Answer:
        """Let the request pass (None), or answer it."""
        g.request_id, g.person, g.need = _request_id(), None, None
        logs.bind(request=g.request_id)
        if len(request.full_path) > LONGEST_ADDRESS:
            return problem(414, "Address too long", f"It has over {LONGEST_ADDRESS} characters.")
        need = policy.route(request.method, str(request.url_rule)) if request.url_rule else None
        g.need = need
        if need is not None and need.role is None:
            return self._limited(need.limit, _address()) or self._from_elsewhere(need)
        if need is not None and need.scraped and _is_scraper():
            return self._limited(need.limit, _address())
        return self._known(need)

    def _known(self, need: Need | None) -> Answer:
        """Only people from here on."""
        if get_settings().auth == "none" and not is_from_here(request):
            return problem(
                403, "Only on this machine", "There is no login, so only this machine is served."
            )
        away = None
        try:
            person = self._who()
        except tokens.BadToken as fault:
            return self._limited("refused", _address()) or _sign_in(str(fault))
        except OperationalError as fault:
            # They may see what they saw, and no more: below it is raised again.
            away, person = fault, _recalled()
            if person is None:
                raise
        g.person = person
        if person is None:
            return _sign_in("Sign in, or send a token (Authorization: Bearer cb_...).")
        # Refusals are recorded, so they have their limit too.
        answer = (
            self._limited(need.limit if need else "page", person.name, person)
            or self._limited("search" if "q" in request.args else None, person.name, person)
            or _unfit(person, need)
            or (self._callback(person) if request.path == CALLBACKS else None)
        )
        if answer is None and away is not None:
            raise away
        return answer

    def _callback(self, person: Person) -> Answer:
        """The same for the callback that is asked for."""
        try:
            body = request.get_json()
            function = declared(body, self._callbacks)
        except HTTPException:
            raise
        except (BadCallback, ValueError, RecursionError) as fault:
            log.info("A callback request was refused: %s", fault)
            return problem(400, "Bad request", "This is not a callback request of these pages.")
        need = policy.callback(function)
        if need is None:
            return _refuse("undeclared", "This is closed.", policy.callback_name(function))
        g.callback, g.callback_need = policy.callback_name(function), need
        unfit = _unfit(person, need, policy.callback_name(function))
        return unfit or self._limited(need.limit, person.name, person)

    def _who(self) -> Person | None:
        """Who asks: the token's owner, else the session's, else whoever is at this machine."""
        token = _token()
        if token is None and get_settings().auth == "none":
            return LOCAL
        proof = token or sessions.sent()
        if not proof:
            return None
        digest = sessions.digest(proof)
        try:
            touch = not _by_itself()
            person = tokens.find(proof) if token else sessions.find(proof, touch=touch)
        except tokens.BadToken:
            recall.forget(digest)
            raise
        if person is None:
            recall.forget(digest)
        else:
            recall.note(digest, person)
        return person

    def _limited(self, kind: str | None, who: str, person: Person | None = None) -> Answer:
        # Whoever is at this machine can burden it in easier ways.
        if kind is None or person is LOCAL or (person is None and get_settings().auth == "none"):
            return None
        wait = self._limiter.hit(kind, who)
        if wait is None:
            return None
        log.warning("Too many requests (%s) of %s", kind, who)
        answer = problem(429, "Too many requests", f"Try again in {wait} seconds.")
        answer.headers["Retry-After"] = str(wait)
        return answer

    @staticmethod
    def _from_elsewhere(need: Need) -> Answer:
        """Also what is open may be changed by our own pages only."""
        if need.cross_site or is_ours(request):
            return None
        return _refuse("other_site", "This was sent by a page of another site.")


def register(server: Flask, callbacks: Callbacks) -> None:
    """Put the gate before everything else that the application does with a request.

    `callbacks` is Dash's map of output to callback, complete by the first request.
    """
    settings = get_settings()
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    server.config["PROVIDE_AUTOMATIC_OPTIONS"] = False  # no other site has business here
    server.url_map.merge_slashes = False  # it would redirect to whatever host was asked for
    limiter = server.extensions["limiter"] = Limiter(settings.redis_url)
    gate = Gate(limiter, callbacks)
    server.before_request(gate.check)

    @server.before_request
    def limit_statements() -> None:
        need: Need | None = g.need
        patience.set(PATIENCE.get((need and need.limit) or "", STATEMENT_SECONDS))
        # Who asks was read from the primary; what they ask for may come from the replica.
        reads.set("undecided")

    @server.teardown_request
    def forget_limit(_error: BaseException | None) -> None:
        patience.set(STATEMENT_SECONDS)
        reads.set("primary")
        logs.bind()

    @server.after_request
    def note_act(response: Response) -> Response:
        """What the policy gives a name is recorded when it was done."""
        need: Need | None = g.get("need")
        if need and need.act and response.status_code == 200 and request.method != "HEAD":
            audit.record(need.act, outcome="done", target=_target())
        return response


def _token() -> str | None:
    """The token that was sent, None for none."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def _recalled() -> Person | None:
    """Who was known by what was sent a moment ago."""
    proof = _token() or sessions.sent()
    return recall.recall(sessions.digest(proof)) if proof else None


def _unfit(person: Person, need: Need | None, target: str | None = None) -> Answer:
    """403 where the request, the person or their token does not do."""
    if person.scopes is None and not is_ours(request):
        return _refuse("other_site", "This was sent by a page of another site.")
    if need is None:
        # An address that leads nowhere is told so by its own answer; the rest is closed.
        return None if request.routing_exception else _refuse("undeclared", "This is closed.")
    if need.role is None or not person.may(need.role):
        return _refuse("role", f"This needs the role {need.role}; yours is {person.role}.", target)
    if person.scopes is not None and target is None:
        if need.scope is None:
            return _refuse("scope", "This takes no tokens; sign in.")
        if need.scope not in person.scopes:
            return _refuse("scope", f"This needs a token with the scope {need.scope}.")
    return None


def _refuse(code: str, told: str, target: str | None = None) -> Response:
    """403, and a row in the audit log: somebody tried what they may not."""
    audit.record("access", outcome="refused", target=target or _target(), reason=code)
    return problem(403, "Not allowed", told)


def _sign_in(told: str) -> Answer:
    """A person is led to the login, a program is told."""
    bearer = "Authorization" in request.headers
    if request.method in {"GET", "HEAD"} and not _is_data(request.path) and not bearer:
        way = request.full_path.rstrip("?")
        response: BaseResponse = redirect(_login(next_page(way)), 303)
        response.headers["Cache-Control"] = "no-store"
        return response
    answer = problem(401, "Sign in first", told)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="Caseboard"'
    return answer


def _request_id() -> str:
    """The id that a proxy in front gave the request, where we believe it, else one of ours."""
    told = request.headers.get("X-Request-Id", "")
    believed = get_settings().trusted_proxies and REQUEST_ID.fullmatch(told)
    return told if believed else secrets.token_hex(8)


def _is_scraper() -> bool:
    """Whether this is who reads the metrics: known by a token of the settings, without database."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    wanted = get_settings().metrics_token
    if wanted is None or scheme.lower() != "bearer":
        return False
    return secrets.compare_digest(value.strip().encode(), wanted.encode())


def _login(way: str) -> str:
    return "/login" if way == "/" else f"/login?next={quote(way, safe='')}"


def _is_data(path: str) -> bool:
    return path.startswith(("/api/", "/_", "/metrics", "/auth/")) and path != DOCS


def _by_itself() -> bool:
    """Whether a page asks by itself, as it does every few seconds, and not for a person."""
    if request.path != CALLBACKS:
        return False
    body = request.get_json(silent=True)
    return isinstance(body, dict) and body.get("changedPropIds") == [policy.PULSE]


def _address() -> str:
    return request.remote_addr or "unknown"


def _target() -> str:
    return f"{request.method} {request.full_path.rstrip('?')}"
