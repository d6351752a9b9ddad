"""`caseboard status`: everything at a glance, and an exit status that a monitor can go by."""

import re
from datetime import timedelta

import pytest
from rich.console import Console
from sqlalchemy import text

from app import cli, cli_status, database
from app.auth import audit
from app.settings import use
from etl.sandbox.faults import Fault
from etl.sandbox.world import World
from tests.sync.conftest import Clock, desk_of

pytestmark = pytest.mark.database

WORKER = """
insert into watermarks (source, name, value, updated_at)
values ('worker', 'tick', '', clock_timestamp() - make_interval(secs => :ago))
on conflict (source, name) do update set updated_at = excluded.updated_at
"""
AGED = "update sync_runs set finished_at = finished_at - interval '3 hours' where sync = :sync"
ALL_WELL = "Nothing is late, nothing failed."


@pytest.fixture
def desk():
    """A filled board whose workers have just looked for work."""
    clock = Clock()
    world = World(cases=30, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world) as desk:
        desk.fill()
        run(WORKER, ago=3)
        run("update syncs set due_at = clock_timestamp() + interval '1 hour'")
        yield desk


def run(statement: str, **given) -> None:
    with database.transaction() as connection:
        connection.execute(text(statement), given)


@pytest.fixture
def status(capsys, monkeypatch):
    # Wide enough for every row, whatever the terminal was when it was first asked.
    monkeypatch.setattr(cli_status, "out", Console(width=200, highlight=False, emoji=False))

    def asked() -> tuple[int, str]:
        code = cli.main(["status"])
        return code, capsys.readouterr().out

    return asked


def row(told: str, name: str) -> str:
    return next(line for line in told.splitlines() if line.split()[:1] == [name])


def test_a_board_that_is_well(desk, status):
    code, told = status()
    assert (code, told.splitlines()[-1]) == (0, ALL_WELL)
    assert re.search(r"fresh +\d+ s +45 min +finished \d+ s ago +\d+ new", row(told, "cases"))
    assert "UTC" in row(told, "cards")
    version = desk.value("select version from data_version")
    for words in (
        r"Workers: at work, last heard of \d+ s ago\.",
        r"Queue: messages waiting: \d+ in caseboard, \d+ in caseboard-images\.",
        r"Records set aside: none\.",
        rf"Data: version {version}, of \d+ s ago\.",
        r"Database: \d+ MiB\.",
        r"Backup: none made so far\.",
    ):
        assert re.search(words, told), words


def test_what_is_late_or_failed_is_named(desk, status):
    run(AGED, sync="cases")
    code, told = status()
    assert code == 1
    assert told.splitlines()[-1] == "To be looked at: cases is late."
    assert re.search(r"late +3 h|late +180 min", row(told, "cases"))
    # It is late also while a run is under way to mend that.
    run("insert into sync_runs (source, sync, mode, state, exclusive) "
        "values ('portal', 'cases', 'full', 'running', 'portal')")  # fmt: skip
    code, told = status()
    assert code == 1
    assert "running (late)" in row(told, "cases")
    run("update sync_runs set state = 'finished', finished_at = now() where state = 'running'")
    assert status()[0] == 0
    desk.sandbox.faults.add(Fault("403", "/search/cases", times=None))
    assert desk.run("cases").state == "failed"
    code, told = status()
    assert code == 1
    assert told.splitlines()[-1] == "To be looked at: cases failed."
    assert "cases: The customer portal forbids us the search for cases." in told


def test_one_that_never_ran_is_late_once_it_should_have(desk, status):
    run("delete from sync_runs where sync = 'retention'")
    assert "never" in row(status()[1], "retention")
    assert status()[0] == 0
    run("update syncs set due_at = now() - interval '9 days' where name = 'retention'")
    code, told = status()
    assert code == 1
    assert "retention is late" in told.splitlines()[-1]


def test_workers_queue_and_tables(desk, status):
    run(WORKER, ago=600)
    code, told = status()
    assert code == 1
    assert re.search(r"Workers: none at work since [-\d]+ [:\d]+ UTC\. Start", told)
    assert told.splitlines()[-1] == "To be looked at: no worker is at work."
    run(WORKER, ago=3)
    use({"CASEBOARD_BROKER_URL": "redis://127.0.0.1:1/0"})
    code, told = status()
    assert code == 1
    assert told.splitlines()[-1] == "To be looked at: the queue does not answer."
    use({"CASEBOARD_BROKER_URL": ""})
    assert status()[0] == 0
    database.downgrade("0012")
    code, told = status()
    assert code == 1
    assert "The tables are at revision 0012, this release needs" in told


def test_rejects_and_backups_are_told(desk, status):
    run("insert into rejects (run_id, source, position, fingerprint, reason) "
        "select max(id), 'portal', 1, 'f', 'made up' from sync_runs")  # fmt: skip
    audit.record("backup", outcome="done", actor="caseboard", target="x.dump")
    code, told = status()
    assert code == 0, "one record that cannot be read is no reason to call somebody"
    assert "Records set aside: 1 of portal; /sync tells why." in told
    assert re.search(r"Backup: \d+ s ago\.", told)


def test_a_board_of_nothing(empty, status):
    code, told = status()
    assert code == 1
    assert "no source is connected, or no worker has run yet" in told.splitlines()[-1]
    assert "Data: version 0, empty so far." in told
