"""What admins look at: people, sessions, tokens and the audit log. Nothing here opens a door."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, cast, func, literal, or_, select, text

from app.auth.audit import ACTS
from app.auth.sessions import IS_LIVE
from app.database import plain, snapshot
from app.models import AuditEntry, User
from app.settings import get_settings
from app.view import View
from app.view_fields import ParameterError, parse_instant

PEOPLE = f"""
select u.id, u.issuer, u.name, u.email, u.name_id, u.role, u.groups, u.seen_at, u.login_at,
    u.disabled_at, u.lost_at,
    (select count(*) from sessions s where s.user_id = u.id and {IS_LIVE}) as sessions,
    (select count(*) from api_tokens t where t.user_id = u.id and t.revoked_at is null
        and t.expires_at > clock_timestamp()) as tokens
from users u order by u.issuer <> 'local', lower(u.name), u.id limit :limit
"""  # noqa: S608 - composed of the part above
SESSIONS = f"""
select s.id, u.name, u.email, s.begun_at, s.seen_at, s.expires_at, s.address, s.agent
from sessions s join users u on u.id = s.user_id
where u.disabled_at is null and u.lost_at is null and {IS_LIVE}
order by s.seen_at desc, s.id desc limit :limit
"""  # noqa: S608
TOKENS = """
select t.id, t.prefix, t.name, t.scopes, t.created_at, t.expires_at, t.used_at, t.revoked_at,
    t.expires_at <= clock_timestamp() as expired, u.name as owner
from api_tokens t join users u on u.id = t.user_id
where cast(:owner as bigint) is null or t.user_id = :owner
order by t.revoked_at is not null, t.expires_at <= clock_timestamp(), t.id desc limit :limit
"""
MOST = 500


def people() -> list[dict[str, Any]]:
    """Everybody who has come in, by name, with how many sessions and tokens of theirs live."""
    return _rows(PEOPLE, idle=get_settings().session_idle_minutes)


def live_sessions() -> list[dict[str, Any]]:
    """The sessions that live, the latest seen first."""
    return _rows(SESSIONS, idle=get_settings().session_idle_minutes)


def tokens_of(owner: int | None) -> list[dict[str, Any]]:
    """The tokens of a person by their row, of all for None: the live ones first, then newest."""
    return _rows(TOKENS, owner=owner)


def _rows(statement: str, **bound: Any) -> list[dict[str, Any]]:
    with snapshot() as connection:
        told = connection.execute(text(statement), {"limit": MOST, **bound}).mappings()
        return [dict(row) for row in told]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows of the audit log are wanted; None leaves a field open.

    `since` and `until` are instants `[since, until)`; `words` are looked for in who, what and why.
    """

    act: str | None = None
    outcome: str | None = None
    words: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def audit_select(asked: Asked) -> Select[Any]:
    """The rows of the audit log that are wanted, newest first, with the actor's name of today."""
    entry = AuditEntry
    who: ColumnElement[Any] = func.coalesce(
        User.name, case((entry.actor == "local", "This machine"), else_=entry.actor)
    )
    rows: Select[Any] = (
        select(
            entry.at,
            who.label("who"),
            entry.actor,
            entry.act,
            entry.outcome,
            entry.target,
            entry.reason,
            entry.address,
            entry.agent,
            entry.request_id,
            cast(entry.detail, Text).label("detail"),
        )
        .outerjoin(User, entry.actor == func.concat("user:", User.id))
        .where(*_wanted(asked, who))
        .order_by(entry.id.desc())
    )
    return rows


def audit_rows(asked: Asked, limit: int) -> list[dict[str, Any]]:
    """The latest `limit` rows that are wanted."""
    with snapshot() as connection:
        return plain(connection, audit_select(asked).limit(limit))


def _wanted(asked: Asked, who: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    entry = AuditEntry
    wanted: list[ColumnElement[bool]] = []
    if asked.act in ACTS:
        wanted.append(entry.act == asked.act)
    if asked.outcome is not None:
        wanted.append(entry.outcome == asked.outcome)
    if asked.since is not None:
        wanted.append(entry.at >= asked.since)
    if asked.until is not None:
        wanted.append(entry.at < asked.until)
    if asked.words:
        fields = (who, entry.target, entry.reason, entry.address)
        wanted.append(or_(*(func.lower(func.coalesce(field, literal(""))).contains(
            asked.words.lower(), autoescape=True) for field in fields)))  # fmt: skip
    return wanted


def asked_of(told: Mapping[str, str | None]) -> Asked:
    """What is wanted, of the texts that a form or an address gives; ParameterError if wrong."""
    act, outcome = told.get("act") or None, told.get("outcome") or None
    if act is not None and act not in ACTS:
        raise ParameterError("act", f"{act[:40]!r} is none of {', '.join(ACTS)}")
    if outcome not in {None, "done", "refused"}:
        raise ParameterError("outcome", f"{str(outcome)[:40]!r} must be done or refused")
    zone = View.from_values({"tz": [told.get("tz") or "UTC"]}).tz
    since, until = (
        parse_instant(name, value, zone) if (value := told.get(name)) else None
        for name in ("from", "to")
    )
    words = (told.get("q") or "").replace("\x00", "")[:200].strip() or None
    return Asked(act, outcome, words, since, until)
