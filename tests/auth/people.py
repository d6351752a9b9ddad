"""People for tests: whom an identity provider would vouch for, and settings with a login."""

import contextlib
import json
import os
from collections.abc import Iterator

from app.auth.users import Identity
from app.settings import get_settings, use
from tests.auth.keys import complete

ISSUER = "https://idp.example.com"
FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
GROUPS = {"viewer": ["support"], "editor": ["leads"], "admin": ["board-admins"]}
SAML = {
    "CASEBOARD_AUTH": "saml",
    "CASEBOARD_SECRET_KEY": "only-for-tests-" + "x" * 32,
    "CASEBOARD_ROLES": json.dumps(GROUPS),
}


def identity(role: str = "viewer", name_id: str | None = None, **more) -> Identity:
    told = {
        "issuer": ISSUER,
        "name_id": name_id or f"{role}-1",
        "name_id_format": FORMAT,
        "session_index": "s1",
        "name": f"A {role}",
        "email": f"{role}@example.com",
        "groups": (*GROUPS[role], "others"),
    }
    return Identity(**{**told, **more})


@contextlib.contextmanager
def settings(**laid_over: str) -> Iterator[None]:
    """These settings (names without prefix) over those of the test."""
    names = {f"CASEBOARD_{name}": value for name, value in laid_over.items()}
    before = {name: os.environ.get(name) for name in names}
    use(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        get_settings.cache_clear()


@contextlib.contextmanager
def with_login(**laid_over: str) -> Iterator[None]:
    """Settings under which people must sign in."""
    told = {name.removeprefix("CASEBOARD_"): value for name, value in SAML.items()}
    with settings(**{**told, **complete(), **laid_over}):
        yield
