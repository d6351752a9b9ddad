"""People for tests: whom an identity provider would vouch for, and settings with a login."""

import contextlib
import json
import os
from collections.abc import Iterator

from app.auth import sessions, tokens
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


ROLES = ("viewer", "editor", "admin")


def cookie_of(role: str, name_id: str | None = None) -> dict[str, str]:
    """The headers of a browser of somebody who has just signed in."""
    return with_cookie(sessions.begin(identity(role, name_id), None))


def with_cookie(value: str) -> dict[str, str]:
    return {"Cookie": f"{sessions.cookie_name()}={value}", "Sec-Fetch-Site": "same-origin"}


def token_of(role: str, *scopes: str, seconds: int = 3_600) -> dict[str, str]:
    """The headers of a program with a token of somebody with a role."""
    value = sessions.begin(identity(role, f"{role}-with-token"), None)
    person = sessions.find(value)
    made = tokens.make(person, "for tests", scopes or ("read",), seconds)
    return {"Authorization": f"Bearer {made['token']}"}


def envelope(callbacks, output: str, value=None) -> dict:
    """A callback request as a page would send it, every input and state with one value."""
    spec = callbacks[output]

    def part(declared):
        own = declared["id"]
        if not own.startswith("{"):
            return {"id": own, "property": declared["property"], "value": value}
        pattern = json.loads(own)
        filled = {k: 1 if isinstance(v, list) else v for k, v in pattern.items()}
        told = {"id": filled, "property": declared["property"], "value": value}
        return [told] if ["ALL"] in pattern.values() else told

    names = output[2:-2].split("...") if output.startswith("..") else [output]
    outputs = []
    for name in names:
        own, _, prop = name.rpartition(".")
        if own.startswith("{"):
            pattern = json.loads(own)
            own = {k: 1 if isinstance(v, list) else v for k, v in pattern.items()}
            told = {"id": own, "property": prop}
            outputs.append([told] if ["ALL"] in pattern.values() else told)
        else:
            outputs.append({"id": own, "property": prop})
    inputs = [part(one) for one in spec["inputs"]]
    first = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    own = first["id"]
    if isinstance(own, dict):
        own = json.dumps(own, sort_keys=True, separators=(",", ":"))
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "inputs": inputs,
        "state": [part(one) for one in spec["state"]],
        "changedPropIds": [f"{own}.{first['property']}"],
    }
