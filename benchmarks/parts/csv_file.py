"""All cases as a file, beside COPY of the same columns, and what it costs the web server."""

import http.client
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy.dialects import postgresql

from app.selection import rows
from app.version import data_version
from app.view import View
from benchmarks.alone import connect
from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import milliseconds
from benchmarks.visitor import HOST, SECONDS

PART = "CSV"
CHUNK = 1 << 16
FIRST_BYTE_MS, MEMORY_MB = 1_000, 64
LOOK_SECONDS = 0.05


class Sink:
    """Takes bytes and keeps none."""

    def write(self, data: bytes) -> int:
        """How many there were."""
        return len(data)


def measure(stack: Stack) -> Iterator[Figure]:
    """The file of all cases: time, first byte, memory."""
    statement = plain_copy(View(state="all"))
    connection = connect()
    first: list[float] = []

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
            cursor.copy_expert(statement, Sink())

    def file() -> None:
        first.append(1e3 * stream(stack.port, "state=all"))

    copied, took = milliseconds(raw, file, rounds=3, most=30)
    cases = f"{stack.cases:,} cases"
    yield Figure.times(PART, cases, copied, took, 2, "COPY of the same columns")
    yield Figure.within(PART, f"{cases}: first byte", sorted(first)[len(first) // 2], FIRST_BYTE_MS)
    grown = memory_grown(stack)
    yield Figure.within(PART, f"{cases}: memory of the web server grows by", grown, MEMORY_MB,
                        unit="MB")  # fmt: skip


def plain_copy(view: View) -> bytes:
    """COPY of a View's rows, neither neutralised nor sorted."""
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    asked = rows(view, instant, live=version.live(instant)).order_by(None)
    compiled = asked.compile(
        dialect=postgresql.psycopg2.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    with connect() as connection, connection.cursor() as cursor:
        sql: bytes = cursor.mogrify(str(compiled), compiled.params)
    return b"copy (" + sql + b") to stdout with csv"


def stream(port: int, query: str) -> float:
    """Read a file to its end and keep nothing; the seconds until its first byte."""
    connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)
    begun = time.perf_counter()
    connection.request("GET", f"/api/v1/cases.csv?{query}")
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"cases.csv: {answer.status}")
    # The header alone comes at once; what counts is the first row.
    answer.readline()
    answer.read(1)
    first = time.perf_counter() - begun
    while answer.read(CHUNK):
        pass
    connection.close()
    return first


def memory_grown(stack: Stack) -> float:
    """By how many MB the web processes grow at most while a file is read."""
    before = most = stack.web_memory()
    over = threading.Event()

    def look() -> None:
        nonlocal most
        while not over.wait(LOOK_SECONDS):
            most = max(most, stack.web_memory())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        stream(stack.port, "state=all")
    finally:
        over.set()
        looking.join()
    return most - before
