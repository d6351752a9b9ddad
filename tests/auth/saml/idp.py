"""A real identity provider: pysaml2's, with the xmlsec1 of the system, behind a small HTTP server.

Skipped with the reason where xmlsec1 is not to be had; with TEST_REQUIRE_XMLSEC1 set, as in
`.ci/run`, that is a failure.
"""

import base64
import html
import logging
import os
import re
import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.auth.keys import bare, key_pair

XMLSEC1 = shutil.which("xmlsec1")
if XMLSEC1 is None:
    WHY = "xmlsec1 is not installed (Debian: apt-get install xmlsec1), so no identity provider runs"
    if os.environ.get("TEST_REQUIRE_XMLSEC1"):
        raise RuntimeError(WHY)
    pytest.skip(WHY, allow_module_level=True)

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT  # noqa: E402
from saml2.config import IdPConfig  # noqa: E402
from saml2.metadata import entity_descriptor  # noqa: E402
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID  # noqa: E402
from saml2.server import Server  # noqa: E402
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256  # noqa: E402

logging.getLogger("saml2").setLevel(logging.CRITICAL)
PASSWORD_CONTEXT = {
    "class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "authn_auth": "https://idp.example.com",
}
SESSION_INDEX = re.compile(r'SessionIndex="([^"]+)"')


@dataclass
class Person:
    """Somebody whom the identity provider knows; `index` is what it calls their latest session."""

    name_id: str
    name: str
    groups: list[str]
    index: str = ""

    @property
    def attributes(self) -> dict[str, list[str]]:
        return {
            "memberOf": self.groups,
            "displayName": [self.name],
            "mail": [f"{self.name_id}@example.com"],
        }


@dataclass
class Provider:
    """pysaml2's identity provider. `more_keys` are further names of keys in its metadata."""

    folder: Path
    base: str = "http://localhost:1"
    logout_place: str = ""
    key: str = "idp"
    more_keys: tuple[str, ...] = ()
    people: dict[str, Person] = field(default_factory=dict)
    server: Server | None = None

    @property
    def entity_id(self) -> str:
        return f"{self.base}/metadata"

    @property
    def pair(self) -> tuple[str, str]:
        return key_pair(self.key)

    def _config(self, **more) -> IdPConfig:
        key, certificate = self.folder / f"{self.key}.key", self.folder / f"{self.key}.crt"
        key.write_text(self.pair[0])
        certificate.write_text(self.pair[1])
        told = {
            "entityid": self.entity_id,
            "xmlsec_binary": XMLSEC1,
            "key_file": str(key),
            "cert_file": str(certificate),
            "signing_algorithm": SIG_RSA_SHA256,
            "digest_algorithm": DIGEST_SHA256,
            "service": {
                "idp": {
                    "name": "The tests' identity provider",
                    "endpoints": {
                        "single_sign_on_service": [(f"{self.base}/sso", BINDING_HTTP_REDIRECT)],
                        "single_logout_service": [(f"{self.base}/slo", BINDING_HTTP_REDIRECT)],
                    },
                    "policy": {"default": {"lifetime": {"minutes": 15}}},
                    "want_authn_requests_signed": True,
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                }
            },
            **more,
        }
        return IdPConfig().load(told)

    @property
    def metadata(self) -> str:
        """What Caseboard must know of it, in which further keys stand beside the own one."""
        text = str(entity_descriptor(self._config()))
        first = text.index("<", text.index("IDPSSODescriptor") + 1)
        return text[:first] + "".join(_key(name) for name in self.more_keys) + text[first:]

    def know(self, service: str) -> None:
        """Learn of a service provider by its metadata."""
        self.server = Server(config=self._config(metadata={"inline": [service]}))

    def asked(self, place: str):
        """The question in an address that a browser was sent to, its signature checked."""
        told = dict(parse_qsl(urlsplit(place).query))
        assert place.startswith(f"{self.base}/sso?")
        question = self.server.parse_authn_request(
            told["SAMLRequest"], BINDING_HTTP_REDIRECT, sigalg=told["SigAlg"],
            signature=told["Signature"], relay_state=told.get("RelayState"),
        )  # fmt: skip
        return question.message

    def answer(
        self, question: str | None, place: str, service: str, person: Person, *,
        sign_response: bool = True, sign_assertion: bool = True, **more,
    ) -> str:  # fmt: skip
        """The XML of an answer, signed as asked, by pysaml2 and xmlsec1."""
        name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=person.name_id)
        xml = str(
            self.server.create_authn_response(
                person.attributes, question, place, service, name_id=name_id,
                authn=PASSWORD_CONTEXT, sign_response=sign_response,
                sign_assertion=sign_assertion,
                sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256, **more,
            )
        )  # fmt: skip

        found = SESSION_INDEX.search(xml)
        person.index = found[1] if found else ""
        return xml

    def logout_address(self, person: Person, place: str, service: str, **more) -> str:
        """Where a browser is sent to tell a service that somebody left, signed."""
        name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=person.name_id)
        _, message = self.server.create_logout_request(
            place, service, name_id=name_id, session_indexes=[person.index], **more
        )
        return self._redirect(message, place, response=False)

    def logout_answer_address(self, told: dict[str, str], place: str) -> str:
        """Judge a service's request to sign somebody out, and where the answer goes."""
        request = self.server.parse_logout_request(
            told["SAMLRequest"], BINDING_HTTP_REDIRECT, sigalg=told["SigAlg"],
            signature=told["Signature"], relay_state=told.get("RelayState"),
        )  # fmt: skip
        response = self.server.create_logout_response(
            request.message, [BINDING_HTTP_REDIRECT], sign=False
        )
        return self._redirect(response, place, response=True)

    def _redirect(self, message, place: str, *, response: bool) -> str:
        sent = self.server.apply_binding(
            BINDING_HTTP_REDIRECT, str(message), place, response=response, sign=True,
            sigalg=SIG_RSA_SHA256,
        )  # fmt: skip
        return dict(sent["headers"])["Location"]


def _key(name: str) -> str:
    return (
        '<ns0:KeyDescriptor use="signing"><ds:KeyInfo '
        'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>'
        f"{bare(key_pair(name)[1])}"
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ns0:KeyDescriptor>"
    )


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


@contextmanager
def serving(provider: Provider, port: int):
    """The identity provider's own pages: sign in as one of its people, sign out, leave."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            told = dict(parse_qsl(parts.query))
            if parts.path == "/sso":
                question = provider.asked(provider.base + self.path)
                self._page(_choices(provider, question))
            elif parts.path == "/leave":
                person = provider.people[told["person"]]
                self._go(provider.logout_address(person, told["place"], told["service"]))
            elif parts.path == "/slo" and "SAMLRequest" in told:
                self._go(provider.logout_answer_address(told, provider.logout_place))
            elif parts.path == "/slo":
                answer = provider.server.parse_logout_request_response(
                    told["SAMLResponse"], BINDING_HTTP_REDIRECT
                )
                assert answer.status_ok()
                self._page("<h1>Left everywhere</h1>")
            elif parts.path == "/favicon.ico":
                self._page("")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            xml = provider.answer(
                told["question"], told["place"], told["service"], provider.people[told["person"]]
            )
            self._page(
                f'<form method="post" action="{html.escape(told["place"])}">'
                f'<input type="hidden" name="SAMLResponse" value="{encoded(xml)}">'
                "</form><script>document.forms[0].submit()</script>"
            )

        def _page(self, body: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!DOCTYPE html><title>IdP</title>{body}".encode())

        def _go(self, place: str) -> None:
            self.send_response(302)
            self.send_header("Location", place)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _choices(provider: Provider, question) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in (
            ("question", question.id), ("place", question.assertion_consumer_service_url),
            ("service", question.issuer.text),
        )
    )  # fmt: skip
    buttons = "".join(
        f'<button name="person" value="{key}">{key}</button>' for key in provider.people
    )
    return f'<h1>Who are you?</h1><form method="post">{hidden}{buttons}</form>'


__all__ = ["BINDING_HTTP_POST", "Person", "Provider", "encoded", "key_pair", "serving"]
