"""`caseboard doctor`: what it finds well, what it finds wrong, and that it says what to mend."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from app import cli, database
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World
from tests.auth.people import settings
from tests.deploy.conftest import Postgres

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(World(seed=3, cases=20)) as running:
        yield running


def sources(sandbox, **other: str) -> dict[str, str]:
    told = {k.removeprefix("CASEBOARD_"): v for k, v in sandbox.environment().items()}
    return {**told, **other}


def doctor(capsys) -> tuple[int, str]:
    status = cli.main(["doctor"])
    return status, capsys.readouterr().out


def test_everything_that_is_set_is_asked(empty, sandbox, capsys):
    requests = sum(sandbox.requests.values())
    with settings(**sources(sandbox)):
        status, told = doctor(capsys)
    assert status == 0, told
    assert sum(sandbox.requests.values()) > requests
    for words in (
        "database: PostgreSQL 1", "tables: at revision", "clock: that of the database",
        "cases match CASEBOARD_PORTAL_QUERY", "jira: knows us (Cloud)",
        "bugzilla: takes our key (REST)", "mail: not connected", "slack: not connected",
        "redis: ok", "queue: ", "disk: ", "Everything is well.",
    ):  # fmt: skip
        assert words in told, f"{words!r} is not in\n{told}"
    with database.snapshot() as connection:
        runs = connection.exec_driver_sql("select count(*) from sync_runs").scalar_one()
    assert runs == 0, "looking is no run"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"PORTAL_OFFLINE_TOKEN": "wrong"}, "portal: wrong: "),
        ({"JIRA_TOKEN": "wrong"}, "JIRA does not know us by CASEBOARD_JIRA_TOKEN"),
        ({"JIRA_FIELDS": '{"severity": "No such field"}'}, "no custom field named 'No such field'"),
        ({"BUGZILLA_API_KEY": "wrong"}, "bugzilla: wrong: "),
        ({"BUGZILLA_URL": "http://127.0.0.1:1/rest"}, "CASEBOARD_BUGZILLA_URL"),
        ({"SMTP_URL": "smtp://127.0.0.1:1"}, "check CASEBOARD_SMTP_URL"),
        ({"SLACK_TOKEN": "xoxb-x", "SLACK_URL": "http://127.0.0.1:1"}, "CASEBOARD_SLACK_URL"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_mend(empty, sandbox, capsys, other, words):
    with settings(**sources(sandbox, SOURCE_PATIENCE="0", **other)):
        status, told = doctor(capsys)
    assert status == 1
    assert words in told
    assert "Mend what is wrong above." in told


def test_a_source_that_is_half_connected_is_named(empty, sandbox, capsys):
    with settings(**sources(sandbox, PORTAL_TOKEN_URL="")):
        status, told = doctor(capsys)
    assert status == 0
    assert "portal: warning: not connected; set CASEBOARD_PORTAL_TOKEN_URL too" in told


def test_a_database_that_is_away_and_one_without_tables(empty, capsys):
    with settings(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):
        database.reset()
        status, told = doctor(capsys)
        database.reset()
    assert status == 1
    assert "check CASEBOARD_DATABASE_URL" in told
    database.downgrade("0009")
    status, told = doctor(capsys)
    assert status == 1
    assert "`caseboard db upgrade`" in told


def test_a_superuser_is_warned_of(capsys):
    folder = Path(tempfile.gettempdir()) / f"caseboard-doctor-{os.getpid()}"
    server = Postgres(folder, "p" * 20)
    try:
        server.make()
        server.start()
        server.execute("create database caseboard")
        server.execute("create role modest login password 'modest'")
        for url, warned in (
            (server.url(), True),
            (server.url().replace(f"caseboard:{server.password}", "modest:modest"), False),
        ):
            database.reset()
            with settings(DATABASE_URL=url):
                told = doctor(capsys)[1]
            assert "database: PostgreSQL 1" in told
            assert ("role in the database: warning: is a superuser" in told) == warned
    finally:
        database.reset()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
