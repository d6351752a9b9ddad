"""Caseboard behind gunicorn with a login, beside the identity provider on another site."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from limits import parse

from app import programs
from tests.auth.people import with_login
from tests.auth.saml.idp import Provider, serving
from tests.browser.conftest import ROOT, WEB_LOG
from tests.conftest import LOG, cloned
from tests.local.test_up import free_port


def app():
    """The application, for tests that come more often than people do."""
    from app.auth import limits
    from app.server import create_app

    limits.LIMITS["login"] = parse("100000/minute")
    return create_app()


@contextmanager
def board_and_provider(folder, people) -> Iterator[tuple[str, Provider]]:
    """The board's address (127.0.0.1) and its identity provider (localhost, another site)."""
    port, other = free_port(), free_port()
    base = f"http://127.0.0.1:{port}"
    provider = Provider(folder, base=f"http://localhost:{other}", people=people)
    provider.logout_place = f"{base}/saml/slo"
    command = [*programs.web(f"127.0.0.1:{port}")[:-1], "tests.auth.saml.served:app()"]
    with (
        cloned(LOG),
        with_login(BASE_URL=base, SAML_IDP_METADATA=provider.metadata),
        WEB_LOG.open("ab") as log,
        serving(provider, other),
    ):
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=log, stderr=log)
        try:
            _wait_for(f"{base}/readyz")
            with urllib.request.urlopen(f"{base}/saml/metadata", timeout=10) as told:
                provider.know(told.read().decode())
            yield base, provider
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{address} does not answer\n{WEB_LOG.read_text()[-3000:]}")
