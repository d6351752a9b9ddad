# ruff: noqa: N802, ARG002 - names and arguments are those of aiosmtpd
"""A mail server and a Slack on this machine, which do what a test tells them to."""

import contextlib
import json
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.local.test_up import free_port

USER, PASSWORD = "desk", "pass/word#1"


@dataclass
class MailServer:
    """Takes mail. `fault` is what it does instead: an answer to a command, or breaking off."""

    port: int
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str], bool]] = field(default_factory=list)
    fault: str = ""
    refused: tuple[str, ...] = ()

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.fault == "greylist":
            return "451 4.7.1 come back later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.fault == "full":
            return "552 5.3.4 too big"
        self.taken.append(message_from_bytes(envelope.original_content, policy=policy.default))
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, session.ssl is not None))
        if self.fault == "silent end":
            server.transport.abort()
        return "250 OK"


def _authenticate(server, session, envelope, mechanism, data):
    assert isinstance(data, LoginPassword)
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def mail_server(tls: str = "none", *, login: bool = False, authority=None) -> Iterator[MailServer]:
    """A real SMTP server: `tls` is none, starttls or wrapped."""
    port = free_port()
    handler = MailServer(port)
    context = None
    if tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    options = {"auth_required": login, "authenticator": _authenticate} if login else {}

    class Server(Controller):
        def factory(self):
            starttls = {"tls_context": context} if tls == "starttls" else {}
            with warnings.catch_warnings():
                # A login without TLS of its own: inside smtps, or to see it refused.
                warnings.simplefilter("ignore", UserWarning)
                return SMTP(handler, auth_require_tls=tls == "starttls", **starttls, **options)

    wrapped = {"ssl_context": context} if tls == "wrapped" else {}
    controller = Server(handler, hostname="127.0.0.1", port=port, **wrapped)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


@contextlib.contextmanager
def authority(path) -> Iterator[trustme.CA]:
    """A certificate authority that this process trusts, in the file that SSL_CERT_FILE names."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(path))
    yield made


@dataclass
class Slack:
    """Takes messages. `answers` are given in turn instead of a good one: (status, body, headers)."""

    url: str = ""
    taken: list[dict] = field(default_factory=list)
    headers: list[dict] = field(default_factory=list)
    answers: list[tuple[int, object, dict]] = field(default_factory=list)

    def __call__(self, environ, start_response):
        request = Request(environ)
        self.taken.append(json.loads(request.get_data()))
        self.headers.append(dict(request.headers))
        status, body, headers = self.answers.pop(0) if self.answers else (200, {"ok": True}, {})
        response = Response(
            json.dumps(body), status, headers, content_type="application/json; charset=utf-8"
        )
        return response(environ, start_response)


@contextlib.contextmanager
def slack() -> Iterator[Slack]:
    """A real HTTP server that speaks as Slack does."""
    sink = Slack()
    server = make_server("127.0.0.1", 0, sink, threaded=True)
    sink.url = f"http://127.0.0.1:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
