"""People: made known at their first login, with the role that their groups give them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from app.auth import audit
from app.auth.person import LOCAL, Person
from app.database import transaction
from app.setting_values import ROLES
from app.settings import get_settings

NO_ROLE = "no_role"

# The locks make two first logins of one person, and a login beside a disabling, follow each other.
ARRIVE = text("""
insert into users (issuer, name_id_format, name_id, name, email, groups, role)
values (:issuer, :format, :name_id, :name, :email, :groups, :role)
on conflict (issuer, name_id_format, name_id) do update
    set name = excluded.name, email = excluded.email, groups = excluded.groups
returning id, role, disabled_at is not null as disabled
""")
ENTERED = text("""
update users set role = :role, login_at = clock_timestamp(), seen_at = clock_timestamp(),
    lost_at = null
where id = :id
""")
LOST = text("""
update users set lost_at = clock_timestamp(), groups = :groups
where issuer = :issuer and name_id_format = :format and name_id = :name_id and issuer <> 'local'
returning id
""")
LOCAL_USER = text("select id from users where issuer = 'local'")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an identity provider vouches for, exactly as it says it."""

    issuer: str
    name_id: str
    name_id_format: str
    session_index: str | None
    name: str
    email: str | None
    groups: tuple[str, ...]


class AuthRefused(Exception):
    """Somebody may not enter. The message says why, for people; `code` says it in the audit log."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def role_of(groups: Iterable[str]) -> str | None:
    """The highest role that one of the groups has by its exact name; None when none has any."""
    own = set(groups)
    told = get_settings().roles
    return next((role for role in reversed(ROLES) if own & set(told.get(role, ()))), None)


def arrive(connection: Connection, identity: Identity) -> Person:
    """Make the person known, or anew, with the role of today; AuthRefused when they may not enter.

    A changed role is recorded. Whom nobody vouched for with a group is not made known at all.
    """
    role = role_of(identity.groups)
    if role is None:
        raise AuthRefused(
            NO_ROLE,
            "None of your groups may use this board. Ask whoever looks after it for access.",
        )
    told = {**_key(identity), "name": identity.name, "email": identity.email,
            "groups": list(identity.groups), "role": role}  # fmt: skip
    row = connection.execute(ARRIVE, told).one()
    if row.disabled:
        raise AuthRefused("disabled", "Your access was shut by an admin of this board.")
    connection.execute(ENTERED, {"id": row.id, "role": role})
    person = Person(person_name(row.id), identity.name, identity.email, role, user=row.id)
    if row.role != role:
        detail = {"before": row.role, "after": role}
        audit.record("role_change", outcome="done", actor=person, target=person.name,
                     detail=detail, connection=connection)  # fmt: skip
    return person


def lose(identity: Identity) -> int | None:
    """Let somebody whom no group gives a role any more have no tokens either.

    Tells their row, None for a stranger.
    """
    told = {**_key(identity), "groups": list(identity.groups)}
    with transaction() as connection:
        found = connection.execute(LOST, told).scalar()
    return None if found is None else int(found)


def person_name(user: int) -> str:
    """The name that a person's things are kept under."""
    return f"user:{user}"


def with_row(person: Person) -> Person:
    """The person with their row in `users`, which whoever is at this machine has too."""
    if person.user is not None:
        return person
    with transaction() as connection:
        return replace(person, user=int(connection.execute(LOCAL_USER).scalar_one()))


def as_person(
    user: int, issuer: str, name: str, email: str | None, role: str, **came: Any
) -> Person:
    """The person of a row in `users`; `came` tells the session or the token's scopes."""
    own = LOCAL.name if issuer == LOCAL.name else person_name(user)
    return Person(own, name, email, role, user=user, **came)


def _key(identity: Identity) -> dict[str, str]:
    return {
        "issuer": identity.issuer,
        "format": identity.name_id_format,
        "name_id": identity.name_id,
    }
