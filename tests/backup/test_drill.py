"""The drill: back up a board with a life, destroy its database, restore; nobody can tell."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app import cache, cli, database
from app.backup import contents
from app.metric_values import same
from app.settings import get_settings
from app.view_fields import write_instant
from etl.sandbox.world import World
from tests.backup.conftest import execute
from tests.sync.conftest import Clock, desk_of

pytestmark = pytest.mark.database

# What is read here and below is read without Caseboard's own hashes.
HISTORY = "select md5(string_agg(c::text, E'\\n' order by id)), count(*), max(id) from changes c"
VERSIONS = (
    "select md5(string_agg(v::text, E'\\n' order by case_number, valid_from)) from case_versions v"
)
CASES = 60


def known(desk) -> list[str]:
    return [row.case_number for row in desk.rows("select case_number from cases order by 1")]


@pytest.fixture
def desk():
    """A board that has been synced, whose world then went on and was synced again."""
    clock = Clock()
    world = World(cases=CASES, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world) as desk:
        desk.fill()
        number, *_, last = known(desk)
        clock.pass_(hours=1)
        world.change_case(number, severity=1, owner="Somebody new")
        world.add_comment(number, "It is worse now")
        world.delete_case(last)
        desk.fill(full=True)
        yield desk


@pytest.fixture
def told(client, monkeypatch):
    """What people and programs are told at some instants, each time computed anew."""
    monkeypatch.setattr(cache.Breaker, "allows", False)

    def asked(instants, numbers):
        paths = [
            f"/api/v1/{path}as_of={write_instant(at)}"
            for at in instants
            for path in ("stats?", "cases.csv?state=all&", "flow?", "charts/backlog.json?")
        ]
        paths += [f"/api/v1/cases/{number}/history" for number in numbers]
        answers = {}
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
            answers[path] = answer.get_json() if answer.is_json else answer.text
        return answers

    return asked


def value(sql: str):
    with database.snapshot() as connection:
        return connection.execute(text(sql)).one()


def test_backup_destroy_restore(desk, told, tmp_path, capsys):
    with database.snapshot() as connection:
        instants = contents.instants(connection)
    assert len(set(instants)) == 10
    numbers = known(desk)
    assert len(numbers) > CASES / 2
    assert desk.case(numbers[-1]).gone_at is not None
    before = told(instants, numbers)
    stats = [str(before[path]["metrics"]) for path in before if "/stats?" in path]
    assert len(set(stats)) == 10, "ten unlike values"
    history, versions = value(HISTORY), value(VERSIONS)
    assert cli.main(["backup", str(tmp_path / "board.dump")]) == 0

    name = str(make_url(str(get_settings().database_url)).database)
    database.reset()
    execute(f"drop database {name} with (force)")
    with pytest.raises(Exception, match="does not exist"):
        value("select 1")
    database.reset()
    execute(f"create database {name}")
    assert cli.main(["restore", str(tmp_path / "board.dump")]) == 0
    assert "the catalogue at 10 instants" in capsys.readouterr().out

    assert value(HISTORY) == history
    assert value(VERSIONS) == versions
    after = told(instants, numbers)
    # Means are sums of fractions, and rows lie in another order now: their last digits may differ.
    assert [path for path in before if not same(before[path], after[path])] == []

    # And life goes on where it was: the watermarks, the numbers of rows, what only changed since.
    desk.world.clock.pass_(hours=1)
    number = desk.world.add_case()
    desk.world.close_case(numbers[1])
    ran = desk.run("cases")
    assert ran.state == "finished"
    assert ran.row.seen < CASES / 2, "it did not have to read everything again"
    for sync in ("details", "cards", "escalations", "issues", "bugs"):
        assert desk.run(sync).state == "finished"
    assert desk.case(number).status == "Waiting on Red Hat"
    assert desk.disagreements() == []
    assert value(HISTORY)[2] > history[2]
