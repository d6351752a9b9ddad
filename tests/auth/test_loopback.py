"""Without a login nobody but this machine is served, however the server was started."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app.auth.loopback import is_loopback, refuse_unsafe_start
from app.settings import SettingsError, load
from tests.auth.people import SAML
from tests.local.test_up import free_port

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("LOCALHOST.", True), ("::1", True),
     ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("", False),
     ("localhost.evil.com", False), ("127.0.0.1.evil.com", False), ("::ffff:10.0.0.1", False),
     ("2130706433", False)],
)  # fmt: skip
def test_what_is_this_machine(host, here):
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    "bind", ["0.0.0.0:8050", "[::]:8050", "10.0.0.1:8050", ":8050", "board:80"]
)
def test_a_bind_to_others_is_refused(bind):
    with pytest.raises(SettingsError, match="this machine only"):
        refuse_unsafe_start(load({}), bind)
    refuse_unsafe_start(load(SAML), bind)


@pytest.mark.parametrize(
    "bind", ["127.0.0.1:8050", "[::1]:8050", "localhost:80", "unix:/run/x.sock"]
)
def test_a_bind_to_this_machine_is_fine(bind):
    refuse_unsafe_start(load({}), bind)


def test_an_address_elsewhere_is_refused():
    with pytest.raises(SettingsError, match=r"board\.example\.com"):
        refuse_unsafe_start(load({"CASEBOARD_BASE_URL": "https://board.example.com"}))
    with pytest.raises(SettingsError, match="proxy"):
        refuse_unsafe_start(load({"CASEBOARD_TRUSTED_PROXIES": "1"}))


def test_a_socket_that_listens_to_others_already_is_found():
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        with pytest.raises(SettingsError, match=r"bound to 0\.0\.0\.0"):
            refuse_unsafe_start(load({}))
    refuse_unsafe_start(load({}))


@pytest.mark.database
def test_gunicorn_started_by_hand_on_every_address_does_not_come_up(empty):
    port = free_port()
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", f"0.0.0.0:{port}",
         "app.server:create_app()"],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "this machine only" in done.stderr


@pytest.mark.database
def test_names_of_others_are_not_served(empty):
    """DNS rebinding: a page elsewhere lets its own name lead to 127.0.0.1."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}",
         "app.server:create_app()"],
        cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert status(port, "localhost") == 200
        assert status(port, f"127.0.0.1:{port}") == 200
        for host in ("evil.com", f"evil.com:{port}", "0.0.0.0", "10.0.0.1", "localhost@evil.com"):
            assert status(port, host) in {400, 403}
    finally:
        server.terminate()
        server.wait(30)


def status(port: int, host: str) -> int:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/charts", headers={"Host": host})
    for _ in range(100):
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")


@pytest.mark.database
@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "::ffff:10.0.0.1", "8.8.8.8"])
def test_people_elsewhere_are_not_served(empty, app, address):
    answer = app.test_client().get("/api/v1/charts", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 403
    assert "only this machine" in answer.get_json()["detail"]


@pytest.mark.database
def test_other_sites_change_nothing_without_a_login_either(empty, app):
    client = app.test_client()
    for told in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
    ):
        made = client.post("/api/v1/tokens", json={"name": "x"}, headers=told)
        assert made.status_code == 403
    for told in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}):
        assert client.post("/api/v1/tokens", json={"name": "x"}, headers=told).status_code == 201


def test_a_login_needs_a_secret_and_groups():
    with pytest.raises(SettingsError) as fault:
        load({"CASEBOARD_AUTH": "saml"})
    assert "CASEBOARD_SECRET_KEY is not set" in str(fault.value)
    assert "CASEBOARD_ROLES is not set" in str(fault.value)
    for roles, told in (("[]", "JSON object"), ('{"boss": ["x"]}', "'boss' is not a role"),
                        ('{"admin": "x"}', "must be a list"), ('{"admin": [1]}', "must be a list")):  # fmt: skip
        with pytest.raises(SettingsError, match=told):
            load({**SAML, "CASEBOARD_ROLES": roles})
    assert load(SAML).roles["viewer"] == ("support",)
    with pytest.raises(SettingsError, match="SECRET_KEY_FALLBACKS has 5 characters"):
        load({"CASEBOARD_SECRET_KEY_FALLBACKS": "short"})
