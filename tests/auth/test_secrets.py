"""Planted secrets: nowhere in logs, errors, the audit log, `doctor`, or what goes to the workers."""

import io
import logging

import pytest
from redis import Redis
from sqlalchemy import text

from app.auth import sessions
from app.database import read as _read
from tests.auth.people import identity, settings, token_of, with_cookie

pytestmark = pytest.mark.database

CANARY = "CANARY-7f3a9-of-"
PLANTED = {
    "SECRET_KEY": CANARY + "the-secret-key-" + "x" * 32,
    "SECRET_KEY_FALLBACKS": CANARY + "an-older-secret-key-" + "x" * 32,
    "PORTAL_OFFLINE_TOKEN": CANARY + "portal",
    "JIRA_TOKEN": CANARY + "jira",
    "BUGZILLA_API_KEY": CANARY + "bugzilla",
}

PATHS = ("/", "/admin", "/cases", "/api/v1/cases?severity=9", "/api/v1/tokens", "/readyz",
         "/api/v1/audit.csv", "/api/v1/nowhere", "/_dash-layout", "/login")  # fmt: skip


@pytest.fixture
def logged():
    """Everything that is logged, at every level, with its tracebacks."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_planted_secrets_come_out_nowhere(door, ask, callbacks, logged, capsys, monkeypatch):
    from app import cli
    from app.settings import get_settings

    answers = []
    with settings(**PLANTED):
        cookie = sessions.begin(identity("admin"), None)
        token = token_of("admin", "read", "export", "admin")
        secret = token["Authorization"].removeprefix("Bearer ")
        people = ({}, with_cookie(cookie), token, {"Authorization": f"Bearer {secret[:-1]}x"})
        for who in people:
            answers += [ask("GET", path, who) for path in PATHS]
            answers.append(ask("POST", "/_dash-update-component", who, json={"output": secret}))
            answers.append(ask("POST", "/api/v1/tokens", who, json={"name": "x", "scopes": ["x"]}))

        def break_down(*_, **__):
            raise RuntimeError("a fault of our own")

        monkeypatch.setitem(door.view_functions, "charts.charts", break_down)
        broken = ask("GET", "/api/v1/charts", token)
        assert broken.status_code == 500
        answers.append(broken)
        assert cli.main(["doctor", "--settings"]) == 0
        assert cli.main(["doctor"]) == 0
        with settings(SLA="wrong", JIRA_KIND="wrong"):
            assert cli.main(["doctor"]) == 1
        told = capsys.readouterr()
        shown = repr(get_settings())
    audit = _read(text("select * from audit_log")).to_string()
    out = "\n".join(
        [logged.getvalue(), told.out, told.err, shown, audit]
        + [f"{one.headers}\n{one.text}" for one in answers]
    )
    assert "CASEBOARD_JIRA_TOKEN=****" in out
    assert "a fault of our own" in logged.getvalue()
    for kept in (CANARY, cookie, secret):
        assert kept not in out
    kept = "\n".join(
        _read(text(f"select * from {table}")).to_string()
        for table in ("sessions", "api_tokens", "users", "audit_log")
    )
    assert cookie not in kept
    assert secret not in kept


def test_messages_to_the_workers_hold_names_alone(empty, log_of_queue):
    from app import queue

    with settings(**PLANTED):
        queue.ask_all()
        queue._wake()
    told = log_of_queue()
    assert "caseboard.tick" in told
    assert CANARY not in told


@pytest.fixture
def log_of_queue(empty):
    """What lies in the queue's Redis, whole."""
    from app.settings import get_settings

    url = (
        get_settings().queue_url.replace("redis+socket://", "unix://").replace("virtual_host", "db")
    )
    client = Redis.from_url(url)
    client.flushdb()

    def read() -> str:
        told = []
        for key in client.scan_iter():
            kind = client.type(key)
            if kind == b"list":
                told += client.lrange(key, 0, -1)
            elif kind == b"set":
                told += client.smembers(key)
            elif kind == b"hash":
                told += [f"{client.hgetall(key)}".encode()]
        return b"\n".join(told).decode(errors="replace")

    yield read
    client.flushdb()
    client.close()


def test_a_password_in_an_address_is_not_told_when_nobody_answers(empty, logged, capsys):
    from app import cache, cli, database

    url = f"postgresql://someone:{CANARY}database@127.0.0.1:1/none"
    with settings(DATABASE_URL=url, REDIS_URL=f"redis://:{CANARY}redis@127.0.0.1:1/0"):
        database.reset()
        from app.server import create_app

        client = create_app().test_client()
        answers = [client.get(path) for path in ("/readyz", "/api/v1/cases", "/")]
        assert cli.main(["doctor"]) == 1
        assert cli.main(["db", "check"]) == 1
    database.reset()
    cache.breaker.reset()
    told = capsys.readouterr()
    out = "\n".join([logged.getvalue(), told.out, told.err, *(one.text for one in answers)])
    assert "does not answer" in out
    assert CANARY not in out
