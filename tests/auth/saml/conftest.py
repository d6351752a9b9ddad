"""Caseboard with a login, beside a real identity provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from limits import parse
from sqlalchemy import text

from app import database
from app.auth import limits
from tests.auth.people import settings, with_login
from tests.conftest import EMPTY, cloned

BASE = "https://board.example.com"


@dataclass
class Door:
    """Caseboard's side, as a browser or an attacker meets it, and the identity provider's."""

    app: object
    provider: object
    base: str = BASE

    @property
    def place(self) -> str:
        return f"{self.base}/saml/acs"

    @property
    def service(self) -> str:
        return f"{self.base}/saml/metadata"

    def browser(self):
        """A browser that knows nothing yet."""
        return self.app.test_client()

    def get(self, browser, path: str, **more):
        return browser.get(path, base_url=self.base, **more)

    def post(self, browser, path: str, **more):
        return browser.post(path, base_url=self.base, **more)

    def ask(self, browser, path: str = "/cases") -> str:
        """Begin to sign in: the id of the question that the identity provider got."""
        answer = self.get(browser, "/saml/login", query_string={"next": path})
        assert answer.status_code == 303, answer.text
        return self.provider.asked(answer.location).id

    def unsigned(self, question: str | None, person) -> str:
        return self.provider.answer(
            question, self.place, self.service, person, sign_response=False, sign_assertion=False
        )

    def hand(self, browser, message: str, **more):
        """What the browser gets that brings an answer (in base64) to Caseboard."""
        return self.post(browser, "/saml/acs", data={"SAMLResponse": message, **more})

    def enter(self, browser, message: str, **more):
        """Bring the answer and follow on; the last answer before a page of the board."""
        brought = self.hand(browser, message, **more)
        if brought.status_code != 303:
            return brought
        parts = urlsplit(brought.location)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.base}/saml/finish"
        return self.get(browser, "/saml/finish", query_string=parse_qs(parts.query))

    def knows(self, browser) -> bool:
        """Whether the browser is somebody to the board."""
        from app.auth import sessions

        cookie = browser.get_cookie(sessions.cookie_name(), urlsplit(self.base).hostname)
        return cookie is not None and sessions.find(cookie.value) is not None

    def log(self, act: str = "login") -> list[tuple[str, str | None]]:
        """(outcome, reason) of the audit log, the latest last."""
        found = database.fetch(
            "select outcome, reason from audit_log where act = %(act)s order by id", {"act": act}
        )
        return [(row[0], row[1]) for row in found]

    def count(self, table: str) -> int:
        with database.snapshot() as connection:
            return connection.execute(text(f"select count(*) from {table}")).scalar_one()


@contextmanager
def opened(app, provider, base: str = BASE, **laid_over: str) -> Iterator[Door]:
    """The door to a database of its own, with these settings laid over the usual ones."""
    from tests.auth.keys import key_pair

    key, certificate = key_pair("caseboard")
    told = {
        "BASE_URL": base,
        "SAML_IDP_METADATA": provider.metadata,
        "SAML_SP_KEY": key,
        "SAML_SP_CERT": certificate,
        **laid_over,
    }
    # All of a test comes from one address, as nobody's desk does.
    with pytest.MonkeyPatch.context() as patch, cloned(EMPTY), with_login(**told):
        patch.setitem(limits.LIMITS, "login", parse("100000/minute"))
        door = Door(app, provider, base)
        provider.know(door.get(door.browser(), "/saml/metadata").text)
        yield door


@pytest.fixture(scope="session")
def idp_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("idp")


@pytest.fixture(scope="module")
def door(app, idp_folder) -> Iterator[Door]:
    """The door for the tests of one file; each uses browsers and questions of its own."""
    from tests.auth.saml.idp import Provider

    with opened(app, Provider(idp_folder)) as one:
        yield one


__all__ = ["settings"]
