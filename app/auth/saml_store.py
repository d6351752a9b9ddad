"""What SAML must remember, in PostgreSQL, so that all web processes remember the same.

Questions that were asked (each is answered once), assertions that were seen (each counts once),
codes that stand for an answer between two requests of a browser, and what the identity provider
calls the sessions that it let begin. Secrets are kept as their SHA-256; times are the database's.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson
from sqlalchemy import Connection, text

from app.auth.saml import Answer, Subject
from app.auth.saml_checks import Refused
from app.auth.sessions import digest
from app.auth.users import Identity
from app.database import transaction
from app.settings import get_settings

QUESTION_MINUTES = 15
CODE_SECONDS = 120

ASKED = text("""
insert into saml_requests (id, kind, browser, return_path, expires_at)
values (:id, :kind, :browser, :return_path, clock_timestamp() + make_interval(mins => :minutes))
""")
TAKE = text("""
delete from saml_requests where id = :id and kind = :kind and expires_at > clock_timestamp()
returning browser, return_path
""")
SEE = text("""
insert into saml_seen (issuer, message_id, until) values (:issuer, :id, :until)
on conflict do nothing returning message_id
""")
HAND = text("""
insert into saml_codes (digest, browser, return_path, answer, expires_at)
values (:digest, :browser, :return_path, cast(:answer as jsonb),
    clock_timestamp() + make_interval(secs => :seconds))
""")
REDEEM = text("""
delete from saml_codes where digest = :digest and expires_at > clock_timestamp()
returning browser, return_path, answer
""")
BEGUN = text("""
insert into saml_sessions (digest, issuer, name_id, name_id_format, name_qualifier,
    sp_name_qualifier, session_index, person, expires_at)
values (:digest, :issuer, :name_id, :name_id_format, :name_qualifier, :sp_name_qualifier,
    :session_index, :person, clock_timestamp() + make_interval(hours => :hours))
""")
CALLED = text("""
delete from saml_sessions where digest = :digest
returning name_id, name_id_format, name_qualifier, sp_name_qualifier, session_index
""")
LEFT = text("""
delete from saml_sessions
where issuer = :issuer and name_id = :name_id
    and (cardinality(cast(:indexes as text[])) = 0 or session_index = any(:indexes))
returning person, session_index
""")
EXPIRED = tuple(
    text(f"delete from {table} where {column} < clock_timestamp()")  # noqa: S608 - names below
    for table, column in (
        ("saml_requests", "expires_at"), ("saml_seen", "until"), ("saml_codes", "expires_at"),
        ("saml_sessions", "expires_at"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handed:
    """Who came back, and where they go. `bound`: in the browser that asked, as is now known."""

    identity: Identity
    subject: Subject
    return_path: str
    bound: bool


def asked(request: str, kind: str, *, browser: str | None = None, return_path: str = "/") -> None:
    """Remember a question (`login` or `logout`) and whose browser asked it."""
    with transaction() as connection:
        for statement in EXPIRED:
            connection.execute(statement)
        told = {
            "id": request,
            "kind": kind,
            "browser": digest(browser) if browser else None,
            "return_path": return_path,
            "minutes": QUESTION_MINUTES,
        }
        connection.execute(ASKED, told)


def answered(request: str | None, kind: str) -> bool:
    """Whether a question was open; it is no longer."""
    with transaction() as connection:
        return connection.execute(TAKE, {"id": request, "kind": kind}).first() is not None


def hand(answer: Answer, relayed_path: str) -> str:
    """A code for an answer that is seen for the first time and was asked for; Refused otherwise.

    All of it happens or nothing does. `relayed_path` counts for unsolicited answers only.
    """
    code = secrets.token_urlsafe(32)
    with transaction() as connection:
        see(connection, answer.identity.issuer, answer.assertion_id, answer.until)
        browser, return_path = None, relayed_path
        if answer.in_response_to:
            question = {"id": answer.in_response_to, "kind": "login"}
            found = connection.execute(TAKE, question).first()
            if found is None:
                raise Refused("unknown_request", answer.in_response_to[:100])
            browser, return_path = found.browser, found.return_path
        kept = {"identity": asdict(answer.identity), "subject": asdict(answer.subject)}
        told = {
            "digest": digest(code),
            "browser": browser,
            "return_path": return_path,
            "answer": orjson.dumps(kept).decode(),
            "seconds": CODE_SECONDS,
        }
        connection.execute(HAND, told)
    return code


def see(connection: Connection, issuer: str, message: str, until: object) -> None:
    """Remember a message until it is too old to be believed; Refused when it was seen before."""
    told = {"issuer": issuer, "id": message, "until": until}
    if connection.execute(SEE, told).first() is None:
        raise Refused("replayed", message[:100])


def redeem(code: str, browser: str | None) -> Handed:
    """The answer of a code, once, for the browser that asked; Refused for all others."""
    with transaction() as connection:
        found = connection.execute(REDEEM, {"digest": digest(code)}).first()
    if found is None:
        raise Refused("unknown_code")
    if found.browser is not None and (not browser or digest(browser) != found.browser):
        raise Refused("other_browser")
    identity = found.answer["identity"]
    return Handed(
        Identity(**{**identity, "groups": tuple(identity["groups"])}),
        Subject(**found.answer["subject"]),
        found.return_path,
        bound=found.browser is not None,
    )


def begun(session: str, identity: Identity, subject: Subject) -> None:
    """Remember what the identity provider calls a session, by the value of its cookie."""
    told = {
        "digest": digest(session),
        "issuer": identity.issuer,
        "session_index": identity.session_index,
        "person": identity.name_id,
        "hours": get_settings().session_hours,
        **asdict(subject),
    }
    with transaction() as connection:
        connection.execute(BEGUN, told)


def called(session: str) -> tuple[Subject, str | None] | None:
    """What the identity provider calls a session, with its index, once; None: it began no such."""
    with transaction() as connection:
        found = connection.execute(CALLED, {"digest": digest(session)}).first()
    if found is None:
        return None
    return Subject(*found[:4]), found.session_index


def left(issuer: str, name_id: str, indexes: Sequence[str]) -> list[tuple[str, str | None]]:
    """(person, session index) of the sessions that the identity provider says are over."""
    told = {"issuer": issuer, "name_id": name_id, "indexes": list(indexes)}
    with transaction() as connection:
        return [(row.person, row.session_index) for row in connection.execute(LEFT, told)]
