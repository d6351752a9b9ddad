"""Sessions: rows in the database, so that a cookie that was copied dies with its session.

The cookie is a random value; only its SHA-256 is kept. Times are those of the database's clock.
"""

import hashlib
import secrets

from flask import has_request_context, request
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

from app.auth import audit, recall
from app.auth.audit import written
from app.auth.person import Person
from app.auth.users import NO_ROLE, AuthRefused, Identity, arrive, as_person, lose
from app.database import fetch, transaction
from app.settings import get_settings

# A row need not be written for every request: `seen_at` may lag by this much.
SEEN_SECONDS = 30

BEGIN = text("""
insert into sessions (digest, user_id, session_index, expires_at, address, agent)
values (:digest, :user, :session_index, clock_timestamp() + make_interval(hours => :hours),
    :address, :agent)
""")
# Of a session `s`, with `:idle` minutes.
IS_LIVE = """s.ended_at is null and s.expires_at > clock_timestamp()
    and s.seen_at > clock_timestamp() - make_interval(mins => :idle)"""
FIND = f"""
select s.id, u.id, u.issuer, u.name, u.email, u.role,
    s.seen_at < clock_timestamp() - make_interval(secs => %(lag)s)
from sessions s join users u on u.id = s.user_id
where s.digest = %(digest)s and u.disabled_at is null and u.lost_at is null
    and {IS_LIVE.replace(":idle", "%(idle)s")}
"""  # noqa: S608 - composed of the part above
SEEN = text("""
with seen as (
    update sessions set seen_at = clock_timestamp() where id = :id and ended_at is null
    returning user_id
)
update users set seen_at = clock_timestamp() where id in (select user_id from seen)
""")
END = (
    "update sessions set ended_at = clock_timestamp(), end_reason = :reason where ended_at is null"
)
END_ONE = text(f"{END} and digest = :digest returning user_id")
END_ROW = text(f"{END} and id = :id returning user_id")
END_ALL = text(f"{END} and user_id = :user returning id")
END_INDEX = text(f"""
{END} and (cast(:session_index as text) is null or session_index = :session_index)
    and user_id in (select id from users where issuer = :issuer and name_id = :name_id)
returning id
""")  # noqa: S608


def begin(identity: Identity, previous: str | None) -> str:
    """Let somebody enter: the value of their new cookie. The session of `previous` ends.

    Raises AuthRefused, with its row in the audit log, when they may not; sessions that they still
    had end then, for what they rested on holds no longer.
    """
    value = secrets.token_urlsafe(32)
    try:
        with transaction() as connection:
            person = arrive(connection, identity)
            if previous:
                told = {"digest": digest(previous), "reason": "rotated"}
                connection.execute(END_ONE, told)
            connection.execute(
                BEGIN,
                {
                    "digest": digest(value),
                    "user": person.user,
                    "session_index": identity.session_index,
                    "hours": get_settings().session_hours,
                    **_browser(),
                },
            )
            audit.record("login", outcome="done", actor=person, connection=connection)
    except AuthRefused as refusal:
        user = lose(identity) if refusal.code == NO_ROLE else None
        if user is not None:
            end_all_of(user, reason=refusal.code)
        audit.record("login", outcome="refused", target=identity.name_id, reason=refusal.code)
        raise
    return value


def find(value: str, *, touch: bool = True) -> Person | None:
    """Whose live session a cookie's value belongs to; `touch` tells that they did something."""
    idle = get_settings().session_idle_minutes
    rows = fetch(FIND, {"digest": digest(value), "idle": idle, "lag": SEEN_SECONDS})
    if not rows:
        return None
    session, user, issuer, name, email, role, stale = rows[0]
    if touch and stale:
        with transaction() as connection:
            connection.execute(SEEN, {"id": session})
    return as_person(user, issuer, name, email, role, session=session)


def end(value: str, *, reason: str = "logout") -> bool:
    """End the session of a cookie's value; False when there was none that lived."""
    told = {"digest": digest(value), "reason": reason}
    recall.forget(digest(value))
    with transaction() as connection:
        return connection.execute(END_ONE, told).first() is not None


def end_row(session: int, *, reason: str) -> int | None:
    """End a session by its row; whose it was, None when it lived no more."""
    with transaction() as connection:
        user = connection.execute(END_ROW, {"id": session, "reason": reason}).scalar()
    return None if user is None else int(user)


def end_of(issuer: str, name_id: str, session_index: str | None) -> int:
    """End what an identity provider calls a session (all of the person without an index).

    Tells how many ended.
    """
    told = {"issuer": issuer, "name_id": name_id, "session_index": session_index}
    with transaction() as connection:
        return len(connection.execute(END_INDEX, {**told, "reason": "single_logout"}).all())


def end_all_of(user: int, *, reason: str = "everywhere") -> int:
    """End all sessions of a person, by their row in `users`; tells how many."""
    with transaction() as connection:
        return len(connection.execute(END_ALL, {"user": user, "reason": reason}).all())


def cookie_name() -> str:
    """What the cookie is called; with https its name makes browsers keep it to this very host."""
    return "__Host-caseboard" if _is_https() else "caseboard"


def sent() -> str | None:
    """The cookie's value that the browser sent with the request being answered."""
    return request.cookies.get(cookie_name())


def put_cookie(response: BaseResponse, value: str) -> None:
    """Let the browser keep a session's value."""
    response.set_cookie(cookie_name(), value, path="/", secure=_is_https(), httponly=True,
                        samesite="Lax")  # fmt: skip


def drop_cookie(response: BaseResponse) -> None:
    """Let the browser forget it."""
    response.delete_cookie(cookie_name(), path="/", secure=_is_https(), httponly=True,
                           samesite="Lax")  # fmt: skip


def digest(value: str) -> str:
    """What is kept of a secret value: enough to know it again, useless to come in with."""
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def _is_https() -> bool:
    return get_settings().base_url.startswith("https://")


def _browser() -> dict[str, str | None]:
    if not has_request_context():
        return {"address": None, "agent": None}
    return {
        "address": written(request.remote_addr),
        "agent": written(request.user_agent.string),
    }
