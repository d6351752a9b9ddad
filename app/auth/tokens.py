"""Personal access tokens: `cb_`, 32 random bytes in base 62, and a checksum that finds slips.

A token is shown once. What is kept is its SHA-256 and the first characters, by which people know
it. It may never more than its scopes, and never more than its owner may now.
"""

import secrets
import string
import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from app.auth import audit
from app.auth.person import SCOPES, Person
from app.auth.sessions import SEEN_SECONDS, digest
from app.auth.users import as_person
from app.database import fetch, transaction
from app.one_line import hides, tidy

MARK = "cb_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_BYTES, RANDOM_LENGTH, CHECK_LENGTH = 32, 43, 6
PREFIX_LENGTH = len(MARK) + 8
LONGEST_NAME = 80
MOST_OF_ONE = 50
DAY = 86_400
DEFAULT_SECONDS, MOST_SECONDS = 90 * DAY, 365 * DAY

ADD = text("""
insert into api_tokens (digest, prefix, name, user_id, scopes, expires_at)
values (:digest, :prefix, :name, :user, :scopes,
    clock_timestamp() + make_interval(secs => :seconds))
returning id, expires_at
""")
LIVE_OF = text("""
select count(*) from api_tokens
where user_id = :user and revoked_at is null and expires_at > clock_timestamp()
""")
FIND = """
select t.id, t.scopes, u.id, u.issuer, u.name, u.email, u.role,
    t.used_at is null or t.used_at < clock_timestamp() - make_interval(secs => %(lag)s),
    t.revoked_at is not null, t.expires_at <= clock_timestamp(),
    u.disabled_at is not null or u.lost_at is not null
from api_tokens t join users u on u.id = t.user_id where t.digest = %(digest)s
"""
USED = text("update api_tokens set used_at = clock_timestamp() where id = :id")
REVOKE = text("""
update api_tokens set revoked_at = clock_timestamp()
where id = :id and revoked_at is null and (cast(:owner as bigint) is null or user_id = :owner)
returning prefix
""")


class BadToken(ValueError):
    """A token that opens nothing; the message says why, as far as its bearer may know."""


class NotMade(ValueError):
    """A token that cannot be made so; the message says why."""


class TooMany(NotMade):
    """Somebody has as many tokens as anybody may have."""


def make(
    owner: Person, name: str, scopes: Iterable[str], seconds: int = DEFAULT_SECONDS
) -> dict[str, Any]:
    """Make a token of a person: `id`, `token` (shown this once), `prefix`, `scopes`, `expires_at`.

    Raises NotMade for a bad name, scopes or life time, or more than the person themselves may.
    """
    wanted = tuple(dict.fromkeys(scopes))
    _check(owner, name, wanted, seconds)
    name = tidy(name)
    value = _new()
    prefix = value[:PREFIX_LENGTH]
    told = {"digest": digest(value), "prefix": prefix, "name": name,
            "user": owner.user, "scopes": list(wanted), "seconds": seconds}  # fmt: skip
    with transaction() as connection:
        if connection.execute(LIVE_OF, told).scalar_one() >= MOST_OF_ONE:
            raise TooMany(f"There are {MOST_OF_ONE} tokens already; revoke one that is not used.")
        row = connection.execute(ADD, told).one()
        until = f"{row.expires_at:%Y-%m-%d}"
        detail = {"name": name, "scopes": list(wanted), "until": until}
        audit.record("token_make", outcome="done", actor=owner, target=prefix,
                     detail=detail, connection=connection)  # fmt: skip
    return {"id": row.id, "token": value, "prefix": prefix, "name": name,
            "scopes": list(wanted), "expires_at": row.expires_at}  # fmt: skip


def find(value: str) -> Person:
    """The owner of a token, as far as it reaches; BadToken when it opens nothing."""
    if not is_whole(value):
        raise BadToken("This is not a token of Caseboard; was it copied whole?")
    rows = fetch(FIND, {"digest": digest(value), "lag": SEEN_SECONDS})
    if not rows:
        raise BadToken("This token is not known.")
    number, scopes, user, issuer, name, email, role, stale, revoked, expired, shut = rows[0]
    if revoked or expired or shut:
        raise BadToken(f"This token {'was revoked' if revoked else 'is no longer valid'}.")
    if stale:
        with transaction() as connection:
            connection.execute(USED, {"id": number})
    return as_person(user, issuer, name, email, role, scopes=frozenset(scopes))


def revoke(number: int, by: Person) -> bool:
    """Revoke a token of one's own, as an admin anybody's; False when there is none to revoke."""
    owner = None if by.is_admin else by.user
    with transaction() as connection:
        prefix = connection.execute(REVOKE, {"id": number, "owner": owner}).scalar()
        if prefix is not None:
            audit.record("token_revoke", outcome="done", actor=by, target=prefix,
                         connection=connection)  # fmt: skip
    return prefix is not None


def is_whole(value: str) -> bool:
    """Whether a text has the form of a token, its checksum included."""
    if len(value) != len(MARK) + RANDOM_LENGTH + CHECK_LENGTH or not value.startswith(MARK):
        return False
    body, check = value[:-CHECK_LENGTH], value[-CHECK_LENGTH:]
    return value.isascii() and secrets.compare_digest(check, _checksum(body))


def _check(owner: Person, name: str, scopes: tuple[str, ...], seconds: int) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or hides(name):
        raise NotMade(f"Give the token a name of 1 to {LONGEST_NAME} characters.")
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        told = f"{wrong[0][:40]!r} is not a scope" if wrong else "A token needs a scope"
        raise NotMade(f"{told}; scopes are {', '.join(SCOPES)}.")
    if owner.scopes is not None and not set(scopes) <= owner.scopes:
        raise NotMade("A token makes no token that may more than itself.")
    if "admin" in scopes and not owner.is_admin:
        raise NotMade("Only admins make tokens with the scope admin.")
    if not 60 <= seconds <= MOST_SECONDS:
        raise NotMade("A token lives from a minute to 365 days.")


def _new() -> str:
    body = MARK + _base62(int.from_bytes(secrets.token_bytes(RANDOM_BYTES)), RANDOM_LENGTH)
    return body + _checksum(body)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))
