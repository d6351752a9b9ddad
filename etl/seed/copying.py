"""Getting a seeded world into the tables: chunks by COPY, without indexes until all is there."""

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

from sqlalchemy import Connection, text

from app.database import engine, transaction
from etl.seed.bugs import bugs, told_of
from etl.seed.lives import life
from etl.seed.rows import COLUMNS, Lines
from etl.seed.versions import Rules
from etl.seed.world import World

TABLES = (*(name for name in COLUMNS if name != "seeded_texts"), "case_words")

TEXTS = """
create temp table seeded_texts (
    case_number text, rests_from timestamptz, said_from timestamptz, told text
) on commit drop
"""
WORDS = """
insert into case_words (case_number, words, rests_from, said_from)
select case_number, search_words(told), rests_from, said_from from seeded_texts
"""
KNOWN = "insert into known_words select unnest(cast(:words as text[])) on conflict do nothing"

# What stands on the tables: foreign keys go first and come last.
STANDING = """
select c.conrelid::regclass::text as table, 'alter table ' || c.conrelid::regclass
        || ' add constraint ' || quote_ident(c.conname)
        || ' ' || pg_get_constraintdef(c.oid) as make,
    'alter table ' || c.conrelid::regclass || ' drop constraint ' || quote_ident(c.conname) as drop,
    case when c.contype = 'f' then 3 else 1 end as step
from pg_constraint c
where c.contype in ('p', 'u', 'f')
    and (c.conrelid::regclass::text = any(:tables) or c.confrelid::regclass::text = any(:tables))
union all
select i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid),
    'drop index ' || i.indexrelid::regclass, 2
from pg_index i
where i.indrelid::regclass::text = any(:tables)
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
order by step desc, 1, 2
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An index or constraint: its table, how it is made and dropped, and in which step."""

    table: str
    make: str
    drop: str
    step: int


def index_away() -> list[Standing]:
    """Drop what stands on the tables, which are empty; tells what it was."""
    with transaction() as connection:
        found = connection.execute(text(STANDING), {"tables": list(TABLES)})
        standing = [Standing(*row) for row in found]
        for one in standing:
            connection.execute(text(one.drop))
        for table in TABLES:
            # It would begin again and again while rows come; at the end all is looked through once.
            connection.execute(text(f"alter table {table} set (autovacuum_enabled = false)"))
    return standing


def index_again(standing: list[Standing]) -> None:
    """Make again what stood on the tables, two at a time, and tell the planner of them."""
    heaviest = sorted(standing, key=lambda one: (-HEAVY.get(one.table, 0), one.table, one.make))
    tables = list(dict.fromkeys(one.table for one in heaviest))
    with ThreadPoolExecutor(2) as pool:
        for step in (1, 2):
            list(pool.map(_run, [one.make for one in heaviest if one.step == step]))
        list(pool.map(_run, [f"vacuum (analyze, parallel 0) {table}" for table in tables]))
        # Each locks the table that refers before the one referred to, so none waits in a circle.
        list(pool.map(_run, [one.make for one in heaviest if one.step == 3]))
    for table in TABLES:
        _run(f"alter table {table} reset (autovacuum_enabled)")


HEAVY = {"changes": 9, "case_versions": 8, "case_words": 7, "comments": 6, "cases": 5}


def copy_chunk(world: World, rules: Rules, run_id: int, number: int, chunks: int) -> None:
    """Copy one of the chunks of a world, in a transaction; runs in a process of its own."""
    # Nothing that is made here is a cycle, and looking for some takes its time.
    gc.disable()
    known = _bugs(world)
    lines = Lines(world, rules, run_id, known)
    chance = world.chance(f"chunk {number}")
    for place in _share(world.cases, number, chunks):
        lines.add_life(life(world, place, chance))
    mine = _share(world.bugs, number, chunks)
    for bug, told in zip(mine, told_of(world, known, mine.start, mine.stop), strict=True):
        lines.add_bug(known[bug], told)
    with transaction() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(text("set local synchronous_commit = off"))
        connection.execute(text(TEXTS))
        _copy(connection, lines)
        connection.execute(text(WORDS))
        # In one order, so that two chunks that bring the same words wait for each other in turn.
        connection.execute(text(KNOWN), {"words": sorted(lines.words())})


# The same for each chunk that a process copies.
_bugs = lru_cache(maxsize=1)(bugs)


def _share(total: int, number: int, chunks: int) -> range:
    return range(total * number // chunks, total * (number + 1) // chunks)


def _copy(connection: Connection, lines: Lines) -> None:
    cursor: Any = connection.connection.cursor()
    for table, columns in COLUMNS.items():
        told = BytesIO("".join(lines.by_table[table]).encode())
        cursor.copy_expert(f"copy {table} ({columns}) from stdin", told)


def _run(statement: str) -> None:
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("set statement_timeout = 0")
        connection.exec_driver_sql("set maintenance_work_mem = '768MB'")
        try:
            connection.exec_driver_sql(statement)
        finally:
            connection.exec_driver_sql("reset statement_timeout")
            connection.exec_driver_sql("reset maintenance_work_mem")
