"""What readers were shown last, shown again while PostgreSQL is away, with its age above it.

Each person has their own: nobody is shown what somebody else saw. It lies in Redis for a day. What
changes anything is refused meanwhile; as soon as the database answers, nothing of this is used.
"""

import base64
import hashlib
import threading
import time
import zlib
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Flask, Response, g, request

from app import away, cache
from app.auth.person import Person
from app.auth.policy import Need
from app.database import watch
from app.view_fields import write_instant

KEEP_SECONDS = 86_400
LARGEST = 300_000
# The same answer is put down once in so many seconds, however often it is given.
AGAIN_SECONDS = 60.0
# So many answers are kept by a process; what nobody has looked at for longest goes.
MOST_KEPT = 2_000
CALLBACKS = "/_dash-update-component"
# What a page tells beside what is asked for: that time goes on, and which version it knows of.
BESIDE = {"pulse", "board-version", "away"}
BANNER = "away"

_noted: OrderedDict[tuple[str, ...], tuple[str, float]] = OrderedDict()
_guard = threading.Lock()


def register(server: Flask) -> None:
    """Keep what is shown, and show it again while the database is away."""

    def begin() -> None:
        away.look_anew()
        watch()

    # Before all others: the gate asks the database too.
    server.before_request_funcs.setdefault(None, []).insert(0, begin)

    @server.after_request
    def keep_or_show(response: Response) -> Response:
        key = _key()
        if key is None:
            return response
        if not away.was_met():
            _keep(key, response)
            return response
        return _shown(key) or response


def words(at: datetime, now: datetime) -> str:
    """How old what is shown is, for people."""
    minutes = int((now - at).total_seconds() // 60)
    age = "less than a minute" if minutes < 1 else f"{minutes:,} minute{'s' * (minutes > 1)}"
    return (
        f"The database does not answer. This is the board as it was shown at {at:%H:%M} UTC on "
        f"{at:%-d %B %Y}, {age} ago. Nothing can be changed until it answers again."
    )


def banner(told: str) -> dict[str, Any]:
    """The banner as Dash's JSON of a component."""
    props = {"children": told, "className": "away-banner", "role": "status"}
    return {"props": props, "type": "Div", "namespace": "dash_html_components"}


def _key() -> tuple[str, ...] | None:
    """What an answer is kept under; None for one that is not kept."""
    need: Need | None = g.get("need")
    person: Person | None = g.get("person")
    callback: Need | None = g.get("callback_need")
    if need is None or person is None:
        return None
    if request.path == CALLBACKS:
        body = request.get_json(silent=True)
        if callback is None or not callback.kept or not isinstance(body, dict):
            return None
        asked = [body.get("output"), _given(body.get("inputs")), _given(body.get("state"))]
        try:
            told = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS).decode()
        except TypeError:
            # A number of hundreds of digits, say, is of no page of ours.
            return None
    elif request.method == "GET" and need.kept:
        told = request.query_string.decode("utf-8", "replace")
    else:
        return None
    scopes = ",".join(sorted(person.scopes)) if person.scopes is not None else "page"
    return ("shown", person.name, person.role, scopes, request.path, told)


def _given(parts: Any) -> list[Any]:
    """What a callback was given, without what goes by time."""
    found = []
    for part in parts if isinstance(parts, list) else []:
        own = part if isinstance(part, list) else [part]
        found += [
            [one.get("id"), one.get("property"), one.get("value")]
            for one in own
            if isinstance(one, dict) and str(one.get("id")) not in BESIDE
        ]
    return found


def _keep(key: tuple[str, ...], response: Response) -> None:
    if response.status_code != 200 or response.is_streamed or not response.is_json:
        return
    body = response.get_data(as_text=True)
    if len(body) > LARGEST:
        return
    mark, now = hashlib.sha256(body.encode()).hexdigest(), time.monotonic()
    before, at = _noted.get(key, ("", 0.0))
    if before == mark and now - at < AGAIN_SECONDS:
        return
    told = {"at": write_instant(datetime.now(UTC)), "body": _packed(body)}
    if not cache.remember(key, orjson.dumps(told).decode(), KEEP_SECONDS):
        return
    for forgotten in _note(key, (mark, now)):
        cache.remember(forgotten, "", 1)


def _note(key: tuple[str, ...], what: tuple[str, float]) -> list[tuple[str, ...]]:
    """Note that something was kept; tells what to keep no longer."""
    with _guard:
        _noted[key] = what
        _noted.move_to_end(key)
        return [_noted.popitem(last=False)[0] for _ in range(len(_noted) - MOST_KEPT)]


def _packed(body: str) -> str:
    return base64.b64encode(zlib.compress(body.encode(), 1)).decode()


def _unpacked(text: str) -> str:
    return zlib.decompress(base64.b64decode(text)).decode()


def _shown(key: tuple[str, ...]) -> Response | None:
    """The last answer once more, None where there is none."""
    kept = cache.known(key, surely=True)
    if not kept:
        return None
    told = orjson.loads(kept)
    at, now = datetime.fromisoformat(told["at"]), datetime.now(UTC)
    body, text = _unpacked(told["body"]), words(at, now)
    if request.path == CALLBACKS:
        answer = orjson.loads(body)
        beside = answer.setdefault("sideUpdate", {})
        beside[BANNER] = {"children": banner(text)}
        body = orjson.dumps(answer).decode()
    g.etag = None
    response = Response(body, mimetype="application/json")
    response.headers["Age"] = str(max(0, int((now - at).total_seconds())))
    response.headers["Warning"] = f'110 - "{text}"'
    response.headers["Cache-Control"] = "no-store"
    return response
