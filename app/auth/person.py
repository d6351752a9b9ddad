"""The person who looks, and what their role lets them do.

Without a login (`CASEBOARD_AUTH=none`) there is one, whoever is at this machine, who may do all.
"""

from dataclasses import dataclass

from flask import g, has_app_context

from app.setting_values import ROLES
from app.settings import get_settings

SCOPES = ("read", "export", "write", "admin")


class Anonymous(PermissionError):
    """Somebody must be known for what is done, and nobody is."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person by the `name` that what they own is kept under, and that the audit log tells.

    `display` is for reading. `user` is their row in `users`. `session` is the row of the session
    that they came with; `scopes` are those of the token, None when they came without one.
    """

    name: str
    display: str
    email: str | None
    role: str
    user: int | None = None
    session: int | None = None
    scopes: frozenset[str] | None = None

    @property
    def is_editor(self) -> bool:
        """Whether they may change what everybody sees."""
        return self.may("editor")

    @property
    def is_admin(self) -> bool:
        """Whether they may look after people, tokens and the audit log."""
        return self.may("admin")

    def may(self, role: str, scope: str | None = None) -> bool:
        """Whether their role reaches to `role`, and their token, if they came with one, to `scope`.

        A token without the needed scope may nothing; an act without a scope takes no tokens.
        """
        if ROLES.index(self.role) < ROLES.index(role):
            return False
        return self.scopes is None or scope is None or scope in self.scopes


LOCAL = Person("local", "This machine", None, "admin")


def current() -> Person:
    """The person whose request is being answered.

    Raises Anonymous when nobody is known. Outside of requests it is whoever is at this machine, as
    long as there is no login.
    """
    person = g.get("person") if has_app_context() else None
    if isinstance(person, Person):
        return person
    if get_settings().auth == "none" and not has_app_context():
        return LOCAL
    raise Anonymous("Sign in first.")
