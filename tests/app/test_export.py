"""The file is the screen: inert in a spreadsheet, whole or visibly broken, flat in memory."""

import csv
import io
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app import database, export
from app.export import case_csv, copied
from app.pipe import ReaderLeft
from app.selection import rows
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from etl.seed import seed
from tests.app import running
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY) as url:
        yield url


def put(*summaries: str) -> None:
    records = [
        Observation(
            number,
            f"C{number:05d}",
            (
                Fact("created", canonical_instant(BORN), BORN),
                Fact("status", "New", BORN),
                Fact("summary", summary, BORN),
            ),
        )
        for number, summary in enumerate(summaries)
    ]
    with database.transaction() as connection:
        load(connection, start_run("test", "export"), "test", records)


def exported(view: View) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(case_csv(view, BORN)).decode(), newline="")))


@pytest.fixture(scope="module")
def grown():
    """A world of some hundred cases."""
    with cloned(EMPTY):
        seed(300, 7, BORN)
        yield


@pytest.mark.parametrize(
    "sort", ["-updated", "updated", "-created", "account", "severity", "number"]
)
@pytest.mark.parametrize("asked", [
    View(), View(state="all"), View(state="closed"), View(state="all", severity=(1, 2)),
    View(state="all", account=("Nobody at all",)), View(state="gone"),
], ids=lambda view: view.to_query() or "open")  # fmt: skip
def test_the_first_rows_and_those_after_them_are_all_rows_in_their_order(
    grown, monkeypatch, sort, asked
):
    view = asked.but(sort=(sort,), columns=("number", "updated", "account", "age_days", "tags"))
    for instant in (BORN, BORN - timedelta(days=400)):
        monkeypatch.setattr(export, "FIRST_ROWS", 1_000_000)
        whole = b"".join(case_csv(view, instant))
        for first in (1, 7, whole.count(b"\n") - 1, whole.count(b"\n")):
            monkeypatch.setattr(export, "FIRST_ROWS", max(first, 1))
            assert b"".join(case_csv(view, instant)) == whole, (instant, first)
        wanted = database.fetch_rows(rows(view, instant))
        numbers = [line[0] for line in csv.reader(io.StringIO(whole.decode(), newline=""))][1:]
        assert numbers == [row[0] for row in wanted]


def test_the_first_rows_come_before_the_others_are_asked_for(grown, monkeypatch):
    monkeypatch.setattr(export, "FIRST_ROWS", 7)
    held = threading.Event()

    def late(view, instant, *, offset=0, **told):
        if offset:
            assert held.wait(30), "the first rows did not come"
        return csv_select(view, instant, offset=offset, **told)

    csv_select = export.csv_select
    monkeypatch.setattr(export, "csv_select", late)
    chunks = case_csv(View(state="all"), BORN)
    assert next(chunks).count(b"\n") == 1
    assert next(chunks).count(b"\n") == 7
    held.set()
    assert b"".join(chunks).count(b"\n") == 293


def test_both_parts_are_of_one_state_of_the_data(grown, monkeypatch):
    """A load between them adds no row to the second, and moves none out of it."""
    view = View(state="all")
    before = b"".join(case_csv(view, BORN))
    monkeypatch.setattr(export, "FIRST_ROWS", 7)
    csv_select = export.csv_select

    def after_a_load(view, instant, *, offset=0, **told):
        if offset:
            put("come meanwhile")
        return csv_select(view, instant, offset=offset, **told)

    monkeypatch.setattr(export, "csv_select", after_a_load)
    assert b"".join(case_csv(view, BORN)) == before


texts = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=40
)


@settings(max_examples=8)
@given(
    words=st.lists(
        st.sampled_from(TRIGGERS).flatmap(lambda t: texts.map(t.__add__)) | texts, max_size=40
    )
)
def test_no_cell_runs_as_a_formula_and_every_text_comes_through(words):
    with cloned(EMPTY):
        put(*words)
        told = exported(View(columns=("summary", "age_days"), sort=("number",)))[1:]
    assert len(told) == len(words)
    for (cell, age), word in zip(told, words, strict=True):
        assert not cell.startswith(TRIGGERS)
        assert cell == (f"'{word}" if word.startswith(TRIGGERS) else word)
        assert age == "0"


def test_a_stream_broken_by_the_database_is_never_taken_for_a_whole_file(desk):
    wrong = select((100 / (3 - func.generate_series(1, 5))).label("n"))
    with pytest.raises(Exception, match="division by zero"):
        b"".join(copied(wrong, zone="UTC"))


def test_a_reader_that_leaves_frees_its_connection(desk):
    endless = select(func.generate_series(1, 50_000_000).label("n"))
    for _ in range(20):
        chunks = copied(endless, zone="UTC")
        next(chunks)
        chunks.close()
    # Where much else is going on, a cancel may take longer to be heard than `close` waits for.
    given_up = time.monotonic() + 30
    while database.engine().pool.checkedout() and time.monotonic() < given_up:
        time.sleep(0.05)
    assert database.engine().pool.checkedout() == 0
    assert running.ends("copy")


def test_a_reader_that_leaves_while_nothing_comes_frees_it_too(desk, client):
    from app.api.requests import reader_left

    ours, theirs = socket.socketpair()
    with client.application.test_request_context(environ_base={"gunicorn.socket": ours}):
        left = reader_left()
    assert not left()
    theirs.send(b"x")
    assert not left()
    chunks = copied(select(func.pg_sleep(60)), zone="UTC", left=left)
    assert next(chunks) == b"pg_sleep\n"
    ours.recv(1)
    theirs.close()
    started = time.monotonic()
    with pytest.raises(ReaderLeft):
        next(chunks)
    assert time.monotonic() - started < 10
    assert database.engine().pool.checkedout() == 0
    ours.close()


def test_memory_stays_flat_however_long_the_file_is(desk):
    import psutil

    wide = select(func.repeat("x", 200).label("text"), func.generate_series(1, 400_000).label("n"))
    process = psutil.Process()
    before, size, most = process.memory_info().rss, 0, 0
    for chunk in copied(wide, zone="UTC"):
        size += len(chunk)
        most = max(most, process.memory_info().rss - before)
    assert size > 80_000_000
    assert most < 48_000_000
