"""Log lines: one object each, with the id of the request or the run, and no secrets."""

import json
import logging
import os
import subprocess
import sys

import pytest

from app import database, logs
from app.settings import load
from tests.auth.people import settings, with_login

SECRET = "a-very-secret-thing-of-more-than-32-characters"


def line(form: logs.Form, message: str, *given, fault: Exception | None = None, **more) -> str:
    record = logging.LogRecord("app.test", logging.INFO, "", 0, message, given, None)
    if fault is not None:
        record.exc_info = (type(fault), fault, None)
    record.__dict__.update(more)
    return form.format(record)


def test_a_line_is_one_object_with_what_it_is_about():
    with logs.bound(run=7, sync="cases"):
        told = line(
            logs.Form("json"), "read %d\nof them", 3, fault=ValueError("x"), fields={"ms": 2}
        )
    assert "\n" not in told
    body = json.loads(told)
    assert body["message"] == "read 3\nof them"
    assert (body["run"], body["sync"], body["ms"], body["level"]) == (7, "cases", 2, "INFO")
    assert body["error"] == "ValueError: x"
    assert body["time"].endswith("+00:00")
    assert "run" not in json.loads(line(logs.Form("json"), "after"))


def test_text_is_for_people_and_cannot_be_forged():
    with logs.bound(request="abc"):
        told = line(logs.Form("text"), "GET %s", "x\r\n2026-01-01 INFO app: forged")
    assert told.count("\n") == 0
    assert "app.test request=abc: GET x\\r\\n2026" in told


def test_secrets_of_the_settings_are_masked_wherever_they_turn_up():
    told = load({
        "CASEBOARD_SECRET_KEY": SECRET,
        "CASEBOARD_DATABASE_URL": "postgresql://user:pass%2Fword@host/name",
        "CASEBOARD_SMTP_URL": "smtps://me:mail-password@host",
        "CASEBOARD_SECRET_KEY_FALLBACKS": f"{SECRET}-1,{SECRET}-2",
    })  # fmt: skip
    form = logs.Form("json", logs.secrets_of(told))
    for secret in (SECRET, f"{SECRET}-1", "pass%2Fword", "pass/word", "mail-password"):
        for text in (line(form, "it is %s", secret), line(form, "x", fault=ValueError(secret))):
            assert secret not in text
            assert logs.MASK in text
    assert json.loads(line(form, f"{SECRET}-1"))["message"] == logs.MASK


@pytest.mark.database
def test_every_line_of_a_request_names_it_and_so_does_the_answer(empty, client, caplog):
    caplog.set_level(logging.INFO)
    handler = logging.StreamHandler()
    written: list[str] = []
    handler.emit = lambda record: written.append(logs.Form("json").format(record))
    logging.getLogger().addHandler(handler)
    try:
        answer = client.get("/api/v1/cases?severity=9&q=a-text-of-a-case")
    finally:
        logging.getLogger().removeHandler(handler)
    told = [json.loads(one) for one in written]
    mine = [one for one in told if one["message"] == "GET /api/v1/cases"]
    assert len(mine) == 1
    assert mine[0]["status"] == 400
    assert mine[0]["request"] == answer.headers["X-Request-Id"] == answer.get_json()["request_id"]
    assert "a-text-of-a-case" not in "".join(written)


@pytest.mark.database
def test_a_request_id_is_taken_over_from_a_trusted_proxy_only(empty, app):
    client = app.test_client()
    sent = {"X-Request-Id": "from-the-proxy-1"}
    assert client.get("/healthz", headers=sent).headers["X-Request-Id"] != "from-the-proxy-1"
    with with_login(TRUSTED_PROXIES="1"):
        got = client.get("/healthz", headers=sent).headers["X-Request-Id"]
        assert got == "from-the-proxy-1"
        for bad in ("short", "x" * 65, "a b c d e f g h", 'x"},{"forged"'):
            got = client.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
            assert len(got) == 16
            assert got != bad


@pytest.mark.database
def test_what_a_statement_was_given_is_not_in_its_fault(empty):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError) as fault, database.snapshot() as connection:
        connection.execute(
            text("select 1 / cast(:n as int), :told"), {"n": 0, "told": "a text of a case"}
        )
    assert "a text of a case" not in str(fault.value)


def test_rows_that_the_database_quotes_are_left_out():
    fault = ValueError(
        'null value in "a"\nDETAIL:  Failing row contains (a text of a case).\nLINE 1'
    )
    for form in (logs.Form("json"), logs.Form("text")):
        told = line(form, "x", fault=fault)
        assert "null value in" in told
        assert "LINE 1" in told
        assert "a text of a case" not in told


def test_unknown_forms_are_refused():
    from app.settings import SettingsError

    with pytest.raises(SettingsError, match="CASEBOARD_LOG_FORMAT"):
        load({"CASEBOARD_LOG_FORMAT": "xml"})


def test_a_process_sets_itself_up_once(tmp_path):
    script = (
        "import logging\nfrom app import logs\nlogs.set_up(); logs.set_up()\n"
        "logging.getLogger('x').info('hello')\nlogging.getLogger('celery.beat').info('tick')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=dict(os.environ), capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    [only] = done.stderr.splitlines()
    assert json.loads(only)["message"] == "hello"


@pytest.mark.database
def test_a_forked_child_makes_connections_of_its_own(empty):
    """A child that used its parent's socket would read the parent's answers."""
    with database.engine().connect() as connection:
        mine = connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        told = b"0"
        try:
            for _ in range(20):
                with database.engine().connect() as connection:
                    told = str(
                        connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
                    ).encode()
        finally:
            os.write(write, told)
            os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(read, 100))
    with database.engine().connect() as connection:
        again = connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
    assert theirs not in (0, mine)
    assert again == mine, "the parent keeps its connection"


def test_settings_are_not_left_over():
    with settings(LOG_FORMAT="text"):
        assert logs.form()._json is False
    assert logs.form()._json is True
