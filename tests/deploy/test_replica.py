"""A real streaming replica: read there while it knows all, and not an instant longer."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from app import database
from app.local import POSTGRES_BIN
from app.version import data_version
from tests.auth.people import settings
from tests.deploy.conftest import Postgres, until

pytestmark = pytest.mark.database

BUMP = text("update data_version set version = version + 1, changed_at = clock_timestamp()")


@pytest.fixture(scope="module")
def pair():
    if not (POSTGRES_BIN / "pg_basebackup").exists():
        pytest.skip("this PostgreSQL comes without pg_basebackup")
    folder = Path(tempfile.gettempdir()) / f"caseboard-replica-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    primary, copy = (Postgres(folder / name, "p" * 20) for name in ("primary", "copy"))
    try:
        primary.make()
        primary.start("--wal_level=replica", "--max_wal_senders=4")
        primary.execute("create database caseboard")
        with settings(DATABASE_URL=primary.url()):
            database.reset()
            database.upgrade()
            # What the migrations have left behind is tidied up by whoever reads it first, which the
            # replica would have to be told of in the midst of a test.
            with database.engine().connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text("vacuum (freeze)"))
            database.reset()
        copy.copy_of(primary)
        copy.start()
        yield primary, copy
    finally:
        copy.stop()
        primary.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def board(pair):
    primary, copy = pair
    with settings(DATABASE_URL=primary.url(), REPLICA_URL=copy.url()):
        database.reset()
        yield
        database.reads.set("primary")
        database.reset()


def asked_of() -> str:
    """Who answers somebody who only reads."""
    database.reads.set("undecided")
    return database.fetch("select setting from pg_settings where name = 'port'", {})[0][0]


def catch_up(copy: Postgres) -> None:
    until(lambda: asked_of() == str(copy.port), "the replica")


def pause(copy: Postgres, how: str) -> None:
    copy.execute(f"select pg_wal_replay_{how}()")


def test_what_only_reads_reads_at_the_replica_and_what_writes_at_the_primary(board, pair):
    primary, copy = pair
    catch_up(copy)
    with database.transaction() as connection:
        connection.execute(BUMP)
        assert connection.exec_driver_sql("show port").scalar_one() == str(primary.port)
    # The rest of what has written reads what it wrote.
    assert database.fetch("select setting from pg_settings where name = 'port'", {}) == [
        (str(primary.port),)
    ]
    database.reads.set("primary")
    assert database.fetch("show port", {}) == [(str(primary.port),)]


def test_a_replica_that_is_behind_is_not_asked_until_it_knows_all(board, pair):
    primary, copy = pair
    catch_up(copy)
    pause(copy, "pause")
    try:
        before = data_version().number
        with database.transaction() as connection:
            connection.execute(BUMP)
        for _ in range(20):
            assert asked_of() == str(primary.port)
            database.reads.set("undecided")
            assert data_version().number == before + 1, "a stale version was told as new"
    finally:
        pause(copy, "resume")
    catch_up(copy)
    database.reads.set("undecided")
    assert data_version().number == before + 1


def test_version_and_data_of_one_request_come_from_one_place(board, pair):
    _, copy = pair
    catch_up(copy)
    database.reads.set("undecided")
    first = data_version().number
    with database.engine().begin() as connection:  # somebody else
        connection.execute(BUMP)
    # It was decided for this request; both of its answers are the replica's.
    assert database.reads.get() == "replica"
    with database.snapshot() as connection:
        assert connection.exec_driver_sql("show port").scalar_one() == str(copy.port)
        assert data_version(connection).number >= first


def test_requests_go_there_and_metrics_tell_of_it(board, pair, app):
    _, copy = pair
    catch_up(copy)
    told = app.test_client().get("/metrics").text
    assert "caseboard_replica_up 1.0" in told
    assert "caseboard_replica_lag_seconds" in told
    assert app.test_client().get("/api/v1/cases").status_code == 200
    for _ in range(10):  # connections are used in turn for single statements and for snapshots
        assert asked_of() == str(copy.port)
        with database.snapshot() as connection:
            assert connection.exec_driver_sql("show port").scalar_one() == str(copy.port)
    database.reads.set("primary")
    assert app.test_client().get("/healthz").status_code == 200
    assert database.reads.get() == "primary", "nothing is left over for the next request"


def test_without_the_replica_the_primary_answers_and_time_is_lost_once(pair, app):
    primary, _ = pair
    with settings(DATABASE_URL=primary.url(), REPLICA_URL="postgresql://nobody@127.0.0.1:1/none"):
        database.reset()
        assert asked_of() == str(primary.port)
        assert app.test_client().get("/api/v1/cases").status_code == 200
        assert "caseboard_replica_up 0.0" in app.test_client().get("/metrics").text
        database.reads.set("primary")
        database.reset()


def test_another_database_that_is_no_replica_is_never_read(pair):
    primary, _ = pair
    with settings(DATABASE_URL=primary.url(), REPLICA_URL=primary.url()):
        database.reset()
        database.reads.set("undecided")
        data_version()
        assert database.reads.get() == "primary"
        database.reset()
