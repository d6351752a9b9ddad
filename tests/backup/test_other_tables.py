"""Tables of an older or of a newer release: what each part of Caseboard says and does then."""

import threading
import time

import pytest
from sqlalchemy import text

from app import database, health, revisions, tables
from app.cli import main
from etl import schedule, sync
from etl.errors import Later
from etl.events_import import SAMPLE, import_events
from etl.runs import may_begin, own, start_run
from tests.faults.stack import free_port

pytestmark = pytest.mark.database

OLDER, NEWER = "0016", "9999"
PATHS = ("/", "/cases", "/api/v1/stats", "/api/v1/cases?state=all")
ALONE = "select pg_advisory_lock(hashtext('caseboard migration'))"
NOT_ALONE = "select pg_advisory_unlock(hashtext('caseboard migration'))"
QUIET = "select pg_advisory_xact_lock_shared(hashtext('caseboard migration'))"


def at(revision: str) -> None:
    with database.transaction() as connection:
        connection.execute(text("update alembic_version set version_num = :r"), {"r": revision})


@pytest.fixture(autouse=True)
def fresh_process():
    """The web process has just been started."""
    health._seen.clear()
    yield
    health._seen.clear()


def test_older_tables_are_waited_for_in_words(empty, client):
    at(OLDER)
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert "0016, this release needs" in answer.get_json()["detail"]
        assert "caseboard db upgrade" in answer.get_json()["detail"]
        assert answer.headers["Retry-After"]
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "caseboard db upgrade" in ready.get_json()["checks"]["migrations"]
    assert client.get("/healthz").status_code == 200
    at(database.head_revision())
    for path in ("/readyz", *PATHS):
        assert client.get(path).status_code == 200, path


def test_no_tables_at_all_are_waited_for_too(empty, client):
    database.downgrade("base")
    assert client.get("/readyz").status_code == 503
    answer = client.get("/api/v1/stats")
    assert answer.status_code == 503
    assert "not there yet" in answer.get_json()["detail"]


def test_readers_are_served_from_newer_tables(empty, client):
    at(NEWER)
    for path in PATHS:
        assert client.get(path).status_code == 200, path
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert "of a newer release" in ready.get_json()["checks"]["migrations"]


def test_tables_that_were_brought_back_beneath_us_are_told_of(empty, client):
    assert client.get("/api/v1/stats").status_code == 200
    database.downgrade("0001")
    answer = client.get("/api/v1/stats")
    assert answer.status_code == 503
    assert "at revision 0001" in answer.get_json()["detail"]
    tables.upgrade()
    assert client.get("/api/v1/stats").status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "upgrade"),
        ("db", "downgrade", OLDER),
        ("db", "check"),
        ("db", "rebuild"),
        ("sync", "cases"),
        ("import", "events", str(SAMPLE)),
        ("up", "--no-sandbox", "--port", "PORT"),
    ],
    ids=lambda given: " ".join(given[:2]),
)
def test_commands_leave_newer_tables_alone_and_say_why(empty, capsys, arguments, tmp_path):
    before = _rows()
    at(NEWER)
    told = [str(free_port()) if one == "PORT" else one for one in arguments]
    assert main([*told, "--data-dir", str(tmp_path)]) == 1
    words = "".join(capsys.readouterr())
    assert NEWER in words
    assert "newer release" in words
    assert "caseboard db downgrade" in words
    assert revisions.look().newer
    assert _rows() == before


def test_a_revision_that_does_not_exist_is_told_of(empty, capsys):
    assert main(["db", "downgrade", "0404"]) == 1
    assert "no revision '0404'" in capsys.readouterr().err
    assert revisions.look().right


@pytest.mark.parametrize("revision", [OLDER, NEWER])
def test_no_run_begins_nor_writes_in_tables_of_others(empty, revision):
    with database.transaction() as connection:
        schedule.register(connection)
        names = connection.execute(text("select name from syncs order by 1")).scalars().all()
        assert names
        # As a newer release would have: a sync that this one does not know.
        connection.execute(
            text(
                "insert into syncs (name, source, place, told, schedule, fresh_seconds, due_at) "
                "values ('next', 'next', 99, 'Next', '* * * * *', 60, now())"
            )
        )
    run_id = start_run("cases", "portal")
    at(revision)
    assert schedule.tick() == []
    assert sync.work("snapshot") == []
    with (
        pytest.raises(Later, match=f"at revision {revision}"),
        database.transaction() as connection,
    ):
        own(connection, run_id)
    with database.transaction() as connection:
        left = connection.execute(text("select name from syncs order by 1")).scalars().all()
        assert set(left) == {*names, "next"}
    at(str(database.head_revision()))
    with database.transaction() as connection:
        own(connection, run_id)
    assert schedule.tick() != []


def test_while_the_tables_are_migrated_nothing_is_loaded(empty):
    run_id = start_run("cases", "portal")
    with database.engine().connect() as migrating:
        migrating.execute(text(ALONE))
        with database.transaction() as connection:
            assert not may_begin(connection)
        with pytest.raises(Later, match="being migrated"):
            import_events(SAMPLE)
        with pytest.raises(Later), database.transaction() as connection:
            own(connection, run_id)
        migrating.execute(text(NOT_ALONE))
    with database.transaction() as connection:
        assert may_begin(connection)
        own(connection, run_id)


def test_a_migration_waits_for_a_load_that_is_under_way(empty):
    database.downgrade(OLDER)
    with database.engine().begin() as loading:
        loading.execute(text(QUIET))
        migrating = threading.Thread(target=database.upgrade)
        migrating.start()
        time.sleep(0.6)
        assert revisions.look().found == OLDER
    migrating.join(20)
    assert revisions.look().right


def _rows() -> tuple[int, ...]:
    with database.transaction() as connection:
        return tuple(
            connection.execute(text(f"select count(*) from {name}")).scalar_one()
            for name in ("changes", "cases", "syncs")
        )
