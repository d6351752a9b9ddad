"""Walking through the rows of a View, page by page, while data are being loaded."""

import itertools
import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import cache, database
from app.api.cursor import Cursor
from app.columns import COLUMNS
from app.selection import rows
from app.version import data_version
from app.view import View
from app.view_fields import Contradiction, ParameterError
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.app.test_agreement import views
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
CALM = [f"C{n:04d}" for n in range(90)]
RESTLESS = [f"R{n:04d}" for n in range(30)]
TEXTS = (None, "Acme", "Beta", "Ümlaut", "a" * 300)
SEQUENCE = itertools.count(1)


def case(number: str, chance: random.Random, at: datetime, **more) -> Observation:
    fields = {
        "created": canonical_instant(BORN + timedelta(hours=chance.randrange(900))),
        "status": chance.choice(("New", "Active")),
        "severity": chance.choice((None, "1", "2", "3")),
        "account": chance.choice(TEXTS),
        "summary": chance.choice(TEXTS),
        "product": chance.choice(TEXTS),
        "tags": chance.choice((None, "[]", '["a"]', '["a", "b"]')),
        **more,
    }
    facts = tuple(Fact(name, value, at, next(SEQUENCE)) for name, value in fields.items())
    return Observation(1, number, facts)


def put(observations) -> None:
    with database.transaction() as connection:
        load(connection, start_run("test", "walk"), "test", observations)


@pytest.fixture
def board(app):
    with cloned(EMPTY):
        cache.breaker.reset()
        chance = random.Random(7)
        put([case(number, chance, BORN) for number in (*CALM, *RESTLESS)])
        yield app.test_client()


def pages(client, query: str, size: int):
    """The items of each page of a walk, and the total that it tells."""
    cursor = ""
    while True:
        answer = client.get(f"/api/v1/cases?{query}&limit={size}{cursor}")
        assert answer.status_code == 200, answer.text
        yield answer.json["items"], answer.json["total"]
        if answer.json["next"] is None:
            return
        cursor = f"&cursor={answer.json['next']}"


sorts = st.lists(
    st.tuples(
        st.sampled_from([name for name in sorted(COLUMNS) if name != "number"]), st.booleans()
    ),
    min_size=1, max_size=3, unique_by=lambda pair: pair[0],
).map(lambda pairs: ",".join(f"-{name}" if down else name for name, down in pairs))  # fmt: skip


def test_loads_between_the_pages_neither_repeat_nor_skip_what_did_not_change(board):
    chance = random.Random(11)

    def change():
        late, now = BORN + timedelta(days=3), datetime.now(UTC)
        some = chance.sample(RESTLESS, 6)
        fresh = [f"N{next(SEQUENCE):06d}" for _ in range(3)]
        # What is learned late is dated before the walk began, and shifts rows within it.
        put([case(number, chance, chance.choice((late, now))) for number in some + fresh])

    @settings(max_examples=12)
    @given(sort=sorts, size=st.integers(15, 50), q=st.sampled_from(["", "Acme"]))
    def walked(sort, size, q):
        query = f"state=all&columns=number,account&sort={sort}" + (f"&q={q}" if q else "")
        whole = board.get(f"/api/v1/cases?{query}&limit=1000").json["items"]
        calm = [item["number"] for item in whole if item["number"] in CALM]
        seen, totals = [], set()
        for items, total in pages(board, query, size):
            seen += [item["number"] for item in items]
            totals.add(total)
            change()
        assert [number for number in seen if number in set(CALM)] == calm
        assert len(totals) == 1

    walked()


def test_a_loader_beside_the_walk_changes_nothing_for_what_did_not_change(board):
    over = threading.Event()

    def loads():
        chance = random.Random(5)
        while not over.is_set():
            put([case(number, chance, datetime.now(UTC)) for number in chance.sample(RESTLESS, 10)])

    loader = threading.Thread(target=loads)
    loader.start()
    try:
        for sort in (
            "-severity,account",
            "sla_remaining_days,-summary",
            "-updated",
            "tags,product",
        ):
            query = f"state=all&columns=number&sort={sort}"
            seen = [item["number"] for items, _ in pages(board, query, 10) for item in items]
            calm = [number for number in seen if number in set(CALM)]
            assert sorted(calm) == CALM, sort
    finally:
        over.set()
        loader.join(30)


@settings(max_examples=60)
@given(view=views, size=st.integers(1, 400))
def test_the_pages_are_the_table(log, client, view, size):
    whole = list(database.read(rows(view.but(columns=("number",)), view.as_of))["number"])
    if len(whole) > 12 * size:
        size = len(whole) // 12
    found = list(pages(client, view.to_query(), size))
    assert [item["number"] for items, _ in found for item in items] == whole
    assert {total for _, total in found} == {len(whole)}
    assert all(len(items) == size for items, _ in found[:-1])


def test_a_walk_goes_on_after_it_began_a_long_time_ago(board):
    query = "state=all&columns=number&sort=account"
    first = board.get(f"/api/v1/cases?{query}&limit=40").json
    with database.transaction() as connection:
        connection.execute(text("update data_version set version = version + 5"))
    put([case(number, random.Random(3), datetime.now(UTC)) for number in RESTLESS])
    rest = board.get(f"/api/v1/cases?{query}&limit=1000&cursor={first['next']}").json
    numbers = [item["number"] for item in (*first["items"], *rest["items"])]
    assert len(numbers) == rest["total"] == len(CALM) + len(RESTLESS)
    assert set(CALM) <= set(numbers)


def given_cursor(client, query="state=all&sort=-severity,account,tags,updated"):
    return client.get(f"/api/v1/cases?{query}&limit=5").json["next"]


@pytest.mark.parametrize("cursor", ["", "1", "a~b", "x" * 11 + ".", "x" * 11 + "." + "!" * 30])
def test_what_no_next_has_given_is_refused(log, client, cursor):
    answer = client.get(f"/api/v1/cases?cursor={cursor}")
    assert (answer.status_code, answer.json["parameter"]) == (400, "cursor")


def test_a_cursor_given_twice_is_refused(log, client):
    cursor = given_cursor(client, "state=all")
    answer = client.get(f"/api/v1/cases?state=all&cursor={cursor}&cursor={cursor}")
    assert (answer.status_code, answer.json["parameter"]) == (400, "cursor")


def test_a_cursor_of_another_view_is_a_conflict_that_says_so(log, client):
    cursor = given_cursor(client)
    for query in ("state=all", "state=closed&sort=-severity,account,tags,updated"):
        answer = client.get(f"/api/v1/cases?{query}&cursor={cursor}")
        assert (answer.status_code, answer.json["parameter"]) == (409, "cursor")
        assert "another View" in answer.json["detail"]
    same = "sort=-severity,account,tags,updated&columns=number&state=all&tz=Asia/Tokyo"
    assert client.get(f"/api/v1/cases?{same}&cursor={cursor}").status_code == 200


@settings(max_examples=200)
@given(data=st.data())
def test_a_damaged_cursor_is_a_fault_of_the_asker_never_ours(log, client, data):
    query = "state=all&sort=-severity,account,tags,updated,crit_sit"
    cursor = given_cursor(client, query)
    place = data.draw(st.integers(0, len(cursor) - 1))
    damaged = cursor[:place] + data.draw(st.sampled_from("AZaz09-_.")) + cursor[place + 1 :]
    answer = client.get(f"/api/v1/cases?{query}&limit=5&cursor={damaged}")
    assert answer.status_code in ({200} if damaged == cursor else {200, 400, 409}), answer.text
    if answer.status_code != 200:
        assert answer.json["parameter"] == "cursor"


KEYS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@settings(max_examples=150)
@given(keys=st.lists(KEYS, min_size=1, max_size=4).map(tuple), total=KEYS)
def test_a_cursor_made_up_by_somebody_is_a_fault_of_the_asker_never_ours(log, client, keys, total):
    view = View(state="all", sort=("-severity", "tags"))
    made = Cursor(datetime(2017, 1, 1, tzinfo=UTC), total, keys)
    try:
        text_ = made.write(view)
    except TypeError:  # no JSON holds it
        return
    answer = client.get(f"/api/v1/cases?{view.to_query()}&cursor={text_}")
    assert answer.status_code in {200, 400}, answer.text


def test_a_cursor_reads_back(log):
    view, instant = View(sort=("-severity",)), datetime(2026, 3, 1, 9, 30, 0, 12, tzinfo=UTC)
    one = Cursor(instant, 5, (None, "C1"))
    assert Cursor.read(one.write(view), view) == one
    with pytest.raises(Contradiction):
        Cursor.read(one.write(view), view.but(state="all"))
    with pytest.raises(ParameterError):
        Cursor.read(Cursor(instant, 5, ("1", "C1")).write(view), view)
    assert data_version().number
