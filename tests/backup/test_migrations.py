"""Migrations of a filled database: nothing lost on any way, nobody kept waiting, killed or not."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg2
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app import database, sla, tables
from app.backup import contents
from app.metric_values import same
from app.migrations.known import MIGRATIONS
from app.version import data_version
from etl.history import policies, rebuild_all, steps
from tests.backup.conftest import bare, fill
from tests.backup.traffic import traffic
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

COLUMNS = """
select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)
from information_schema.columns
where table_schema = 'public' and table_name in (
    select table_name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'
)
group by 1 order by 1
"""
HELD = """
select count(*), coalesce(sum(('x' || left(md5(row({columns})::text), 16))::bit(64)::bigint), 0)
from {table}
"""
# Rows of the roll-up that tell of newer columns alone are none to the older tables.
TELLING = {"open_steps": "where (step, created, reopened, closed, gone) <> (0, 0, 0, 0, 0)"}
KNOWN_OF_BUGS = """
select max(at) from (
    select linked_at as at from case_bugs
    union select unlinked_at from case_bugs
    union select valid_from from bug_versions
) told
"""
UPGRADE = "from app import database; database.upgrade()"
# How the tables are made: columns, constraints, indexes, triggers, functions, sequences, extensions.
MADE = """
select 'column', table_name, column_name, concat_ws(' ', data_type, udt_name, is_nullable,
    column_default, is_identity, identity_generation, generation_expression, collation_name)
from information_schema.columns where table_schema = 'public'
union all
select 'constraint', conrelid::regclass::text, conname,
    pg_get_constraintdef(oid) || case when convalidated then '' else ' (not valid)' end
from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
union all
select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
union all
select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) || tgenabled::text
from pg_trigger where not tgisinternal
union all
select 'function', proname, oid::regprocedure::text, md5(pg_get_functiondef(oid))
from pg_proc p where pronamespace = 'public'::regnamespace and prokind <> 'a' and not exists (
    select 1 from pg_depend where objid = p.oid and deptype = 'e'
)
union all
select c.relkind::text, relname, '', concat_ws(' ', reloptions::text, relpersistence)
from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
union all
select 'statistics', stxname, '', pg_get_statisticsobjdef(oid) from pg_statistic_ext
order by 1, 2, 3, 4
"""
INVALID = "select count(*) from pg_index where not indisvalid"
# What a revision below loses by its nature: versions of cards and bugs, which 0001 has no table
# for; they are derived anew by `caseboard db rebuild`.
REBUILT_BELOW = "0002"
# Every step is gone both ways. All the way up from everywhere would be the same steps again, a
# hundred times; from these it goes through everything.
ALL_THE_WAY = {"0008", "0003", "0001"}
CASES = int(os.environ.get("TEST_MIGRATION_CASES", "400"))


def revisions() -> list[str]:
    """All revisions, the newest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]


@pytest.fixture(scope="module")
def filled() -> Iterator[str]:
    """A database of some hundred cases, or as many as one likes."""
    with cloned(EMPTY) as url:
        fill(CASES)
        yield url


def columns() -> dict[str, str]:
    with database.snapshot() as connection:
        found = connection.execute(text(COLUMNS)).all()
    return {name: told for name, told in found if name != "alembic_version"}


def held(known: dict[str, str]) -> dict[str, tuple]:
    """Rows and an order-free hash of some columns of some tables."""
    with database.snapshot() as connection:
        connection.exec_driver_sql(contents.PLAIN)
        return {
            table: tuple(
                connection.exec_driver_sql(
                    HELD.format(columns=told, table=table) + TELLING.get(table, "")
                ).one()
            )
            for table, told in known.items()
        }


def catalogue(instants):
    with database.snapshot() as connection:
        return contents.catalogue(connection, instants)


def test_from_every_revision_and_back_nothing_is_lost(filled):
    """Down a step, up again, down again: what the lower revision knows stays, to the last bit.

    And from there all the way up, where the catalogue must say what it said.
    """
    newest, *older = revisions()
    with database.snapshot() as connection:
        instants = contents.instants(connection)[::3]
    before = catalogue(instants)
    assert any(values["open_cases"]["value"] for values in before.values())
    above = newest
    for revision in older:
        database.downgrade(revision)
        known = columns()
        down = held(known)
        assert down["changes"][0] > 1_000
        far = revision in ALL_THE_WAY
        for step in (above, revision, *((newest, revision) if far and above != newest else ())):
            move = database.upgrade if step > revision else database.downgrade
            move(step)
            assert database.current_revision() == step
            assert held(known) == down, f"lost between {revision} and {step}"
            if step == newest:
                if revision < REBUILT_BELOW:
                    rebuild_all()
                    # A new version of the data.
                    down = held(known)
                assert same(catalogue(instants), before), f"other values after {revision}"
        above = revision
    assert older[-1] == "0001"
    tables.upgrade()
    with database.snapshot() as connection:
        assert connection.execute(text(INVALID)).scalar_one() == 0


def test_roll_ups_are_made_as_they_are_kept(own):
    """Those that a migration derives are what loads and seeds keep."""
    known = columns()
    levels = (level for roll_up in steps.ROLL_UPS for level in roll_up.levels)
    rows = {level.table: known[level.table] for level in levels}
    learn_policies()
    before = held(rows)
    assert all(number > 100 for number, _ in before.values())
    database.downgrade("0023")
    tables.upgrade()
    learn_policies()
    assert held(rows) == before


def learn_policies() -> None:
    """As the next load does it."""
    with database.transaction() as connection:
        sla.record(connection)
        policies.learn(connection)


def test_a_board_is_live_from_when_on_nothing_is_known_of_bugs(own):
    with database.transaction() as connection:
        connection.execute(
            text("update data_version set latest = (select min(linked_at) from case_bugs)")
        )
        known = connection.execute(text(KNOWN_OF_BUGS)).scalar_one()
    database.downgrade("0026")
    tables.upgrade()
    assert data_version().latest == known


def made() -> set[tuple[str, ...]]:
    with database.snapshot() as connection:
        return {tuple(map(str, row)) for row in connection.execute(text(MADE))}


def test_the_way_down_leads_through_the_tables_of_the_way_up():
    """So what was said above of a database brought down holds for one that was never higher."""
    with bare():
        passed = {}
        for revision in reversed(revisions()):
            database.upgrade(revision)
            passed[revision] = made()
        assert len(set(map(frozenset, passed.values()))) >= len(passed) - 1
        for revision in revisions()[1:]:
            database.downgrade(revision)
            now = made()
            assert now == passed[revision], f"{sorted(now ^ passed[revision])} at {revision}"
        database.downgrade("base")
        assert {row[:2] for row in made() if row[0] == "r"} <= {("r", "alembic_version")}
        tables.upgrade()
        assert made() == passed[revisions()[0]]


def numbers() -> list[str]:
    with database.snapshot() as connection:
        return list(connection.execute(text("select case_number from cases order by 1")).scalars())


@pytest.fixture
def own(filled) -> Iterator[str]:
    """A copy of the filled database, to do with as one likes."""
    name = database.engine().url.database
    database.reset()
    with cloned(str(name)) as url:
        yield url


@pytest.mark.parametrize(
    ("start", "wanted", "also"),
    [
        ("0003", "case_versions", ()),
        ("0025", "open_steps", ("sla_policies", "open_steps", "open_steps_by_day")),
    ],
)
def test_nobody_waits_for_a_migration_that_waits_for_somebody(own, start, wanted, also):
    """Somebody reads a table for seconds; the migration wants it, and all others go on."""
    database.downgrade(start)
    slow = psycopg2.connect(own)
    slow.cursor().execute(f"select count(*) from {wanted}")
    threading.Timer(2.5, slow.rollback).start()
    reads = tuple(f"select * from {table} limit 50" for table in also)
    with traffic(own, numbers(), reads) as waits:
        tables.upgrade()
    slow.close()
    assert waits.faults == []
    assert waits.reads > 50
    assert waits.writes > 50
    assert waits.reader < 1, waits
    assert waits.writer < 1, waits


def test_killed_in_the_middle_it_is_done_when_run_again(own):
    known = {name: told for name, told in columns().items() if name in {"changes", "comments"}}
    before = held(known)
    database.downgrade("0002")
    database.reset()
    chance = random.Random(6)
    killed = 0
    for _ in range(3):
        migrating = subprocess.Popen(
            [sys.executable, "-c", UPGRADE],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for_migration(own, migrating)
        time.sleep(chance.uniform(0, 0.4))
        if migrating.poll() is None:
            os.kill(migrating.pid, signal.SIGKILL)
            killed += 1
        migrating.wait()
    assert killed >= 1
    tables.upgrade()
    assert database.current_revision() == revisions()[0]
    assert held(known) == before
    with database.snapshot() as connection:
        assert connection.execute(text(INVALID)).scalar_one() == 0
    left = text("select count(*) from pg_class where relname like '%\\_new'")
    with database.snapshot() as connection:
        assert connection.execute(left).scalar_one() == 0


def wait_for_migration(url: str, process: subprocess.Popen) -> None:
    """Until the migration holds its lock."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    cursor = connection.cursor()
    while process.poll() is None:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and granted "
                       "and database = (select oid from pg_database where datname = "
                       "current_database())")  # fmt: skip
        if cursor.fetchone()[0]:
            break
        time.sleep(0.005)
    connection.close()


def test_two_that_migrate_at_once_do_it_once(own):
    database.downgrade("0006")
    database.reset()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in both:
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 0, told
    assert database.current_revision() == revisions()[0]
