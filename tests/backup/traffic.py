"""Readers and writers that go on while something else happens, and how long each had to wait."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg2

# What every page asks, in every version of the tables.
READS = (
    "select version from data_version",
    "select count(*) from (select 1 from cases where case_number > %s limit 50) page",
    "select * from case_versions where case_number = %s",
    "select * from jira_cards where case_number = %s",
    "select * from case_bugs where case_number = %s",
    "select * from changes where entity = 'case' and key = %s limit 20",
    "select * from comments where case_number = %s",
    "select count(*) from sync_runs where started_at > now() - interval '1 day'",
)
# What a load does: a row of each, committed.
WRITES = (
    "update cases set summary = summary where case_number = %s",
    "update case_versions set status = status where case_number = %s and valid_to = 'infinity'",
    "update jira_cards set summary = summary where case_number = %s",
    "update data_version set version = version",
)
PAUSE = 0.01


@dataclass(slots=True)
class Waits:
    """The longest that somebody waited, in seconds, and for what; how often they asked."""

    reader: float = 0.0
    read: str = ""
    reads: int = 0
    writer: float = 0.0
    write: str = ""
    writes: int = 0
    faults: list[str] = field(default_factory=list)


@contextmanager
def traffic(url: str, numbers: list[str], also: tuple[str, ...] = ()) -> Iterator[Waits]:
    """Two readers and a writer of these cases, until the block ends; `also` is read besides."""
    waits, stop, reads = Waits(), threading.Event(), (*READS, *also)

    def ask(statements: tuple[str, ...], kind: str) -> None:
        connection = psycopg2.connect(url)
        connection.autocommit = True
        cursor = connection.cursor()
        turn = 0
        while not stop.is_set():
            statement = statements[turn % len(statements)]
            number = numbers[turn * 7 % len(numbers)]
            begun = time.monotonic()
            try:
                cursor.execute(statement, (number,) if "%s" in statement else ())
            except psycopg2.Error as fault:
                waits.faults.append(f"{statement}: {fault}")
            took = time.monotonic() - begun
            turn += 1
            if kind == "reader":
                waits.reads += 1
                if took > waits.reader:
                    waits.reader, waits.read = took, statement
            else:
                waits.writes += 1
                if took > waits.writer:
                    waits.writer, waits.write = took, statement
            stop.wait(PAUSE)
        connection.close()

    threads = [
        threading.Thread(target=ask, args=told, daemon=True)
        for told in ((reads, "reader"), (reads[::-1], "reader"), (WRITES, "writer"))
    ]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
