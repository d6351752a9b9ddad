"""Bugs ranked, against plain Python over the rows; what their numbers link to has as many rows."""

import csv
import io
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select

from app import database
from app.bugs import COLUMNS, PAGE_SIZE, ranked
from app.mismatch import priority_number, priority_of, severity_number, severity_of
from app.panel import frame
from app.panels import PANELS
from app.ranked import _compute
from app.ranking import CHOICES, SORTS, Ranking
from app.rows import records
from app.scope import Scope
from app.selection import count
from app.view import View
from app.view_fields import ParameterError
from etl.seed import seed
from tests import faulty
from tests.conftest import EMPTY, cloned
from tests.fault_oracle import Tables, ranking

pytestmark = pytest.mark.database
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=["faulty", "seeded"])
def world(request):
    with cloned(EMPTY):
        if request.param == "faulty":
            faulty.fill(7, 90)
            yield Tables(), faulty.START, faulty.END
        else:
            seed(1_200, 4, UNTIL)
            yield Tables(), UNTIL - timedelta(days=2_000), UNTIL


@pytest.fixture
def small():
    with cloned(EMPTY):
        faulty.fill(11, 60)
        yield Tables()


def chosen(*values, most=2):
    return st.lists(st.sampled_from(values), unique=True, max_size=most).map(
        lambda picked: tuple(sorted(picked))
    )


views = st.builds(
    View,
    state=st.sampled_from(["open", "open", "closed", "all"]),
    severity=chosen(0, 1, 2, 3),
    account=chosen("Acme", "Globex", "", most=1),
    waiting_on=chosen("engineering", "us", "unknown", most=1),
    card=chosen("none", "open", "done", "several"),
    bug=chosen("5001", "5003", "BUG-2", "BUG-4", "", most=3),
)
moments = st.floats(0, 1)


def told(scope: Scope, asked: Ranking | None = None) -> list[dict]:
    return records(database.read(ranked(scope, asked or Ranking())))


@settings(max_examples=40)
@given(view=views, when=moments)
def test_every_bug_is_told_as_plain_python_tells_it(world, view, when):
    tables, start, end = world
    at = start + (end - start) * when
    found = {(row["tracker"], row["key"]): row for row in told(Scope.of(view.but(as_of=at), at))}
    wanted = ranking(tables, view, at)
    assert found.keys() == wanted.keys()
    for key, want in wanted.items():
        moves = want.pop("moves")
        assert {name: found[key][name] for name in want} == want, key
        assert found[key]["slips"] == len(moves)
        assert [
            (move["from"], move["to"], datetime.fromisoformat(move["at"]))
            for move in found[key]["moves"]
        ] == moves


@settings(max_examples=25)
@given(view=views, when=moments)
def test_its_number_of_cases_is_that_of_the_table_it_links_to(world, view, when):
    _tables, start, end = world
    at = start + (end - start) * when
    view = view.but(as_of=at)
    for row in told(Scope.of(view, at))[:6]:
        rows = View.from_query(view.but(bug=(row["key"],)).to_query())
        assert database.read(count(rows, at))["cases"].iloc[0] == row["cases"]


@settings(max_examples=40)
@given(
    sort=st.sampled_from(sorted(SORTS)),
    down=st.booleans(),
    filters=st.fixed_dictionaries(
        {name: st.sampled_from(["", "", *allowed]) for name, allowed in CHOICES.items()}
    ),
)
def test_sorting_and_filters_do_what_they_say(small, sort, down, filters):
    at = faulty.END
    everything = told(Scope.of(View(state="all"), at))
    asked = Ranking(**filters, sort=(f"-{sort}" if down else sort,))
    found = told(Scope.of(View(state="all"), at), asked)
    keep = {
        "tracker": lambda row: row["tracker"] == asked.tracker,
        "target": lambda row: row["target"] is None,
        "mismatch": lambda row: row["mismatched"] > 0,
        "restricted": lambda row: row["restricted"],
    }
    wanted = [row for row in everything if all(keep[name](row) for name in asked.filters())]
    assert {row["key"] for row in found} == {row["key"] for row in wanted}
    values = [row[sort] for row in found if row[sort] is not None]
    assert values == sorted(values, reverse=down)
    assert [row[sort] for row in found][len(values) :] == [None] * (len(found) - len(values))


def test_a_page_tells_its_rows_and_how_many_each_filter_would_show(small):
    scope = Scope.of(View(state="all"), faulty.END)
    for asked in (Ranking(), Ranking(tracker="jira"), Ranking(target="none", mismatch="yes")):
        page = orjson.loads(_compute(scope, asked))
        assert [row["key"] for row in page["rows"]] == [
            row["key"] for row in told(scope, asked)[:PAGE_SIZE]
        ]
        for name, number in page["numbers"].items():
            parts = name.removeprefix("n_").split("_")
            value = parts[1] if len(parts) > 1 else CHOICES.get(parts[0], ("",))[0]
            other = asked if name == "total" else asked.but(**{parts[0]: value})
            assert number == len(told(scope, other)), (asked, name)
    beyond = orjson.loads(_compute(scope, Ranking(page=50)))
    assert beyond["rows"] == []
    assert beyond["numbers"]["total"] > 0


def test_page_api_and_csv_tell_the_same(small, client):
    query = "state=all&as_of=2026-05-01&tz=Asia/Tokyo&sort=-slips&mismatch=yes"
    answer = client.get(f"/api/v1/bugs?{query}").get_json()
    assert answer["total"] == len(answer["items"]) > 3
    at = datetime(2026, 4, 30, 15, tzinfo=UTC)
    rows = told(
        Scope.of(View(state="all", as_of=at), at), Ranking(mismatch="yes", sort=("-slips",))
    )
    plain = [name for name in COLUMNS if name != "moves"]
    assert [{n: item[n] for n in plain} for item in answer["items"]] == [
        {n: row[n] for n in plain} for row in rows
    ]
    file = client.get(f"/api/v1/bugs.csv?{query}").get_data(as_text=True)
    head, *lines = csv.reader(io.StringIO(file))
    assert tuple(head) == COLUMNS
    assert [line[0] for line in lines] == [row["key"] for row in rows]
    assert "+09:00" in answer["items"][0]["moves"][0]["at"]
    move = answer["items"][0]["moves"][0]
    assert f"{move['from']} → {move['to'] or 'no target'} ({move['at'][:10]})" in lines[0][15]
    assert len(client.get(f"/api/v1/bugs?{query}&limit=2").get_json()["items"]) == 2


@pytest.mark.parametrize(
    "query",
    ["sort=age_days", "target=some", "mismatch=no", "tracker=github", "page=2", "nonsense=1"],
)
def test_what_cannot_be_asked_is_refused_by_name(small, client, query):
    answer = client.get(f"/api/v1/bugs?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["parameter"] == query.split("=")[0]
    if not query.startswith("page"):
        assert client.get(f"/bugs?{query}").status_code == 400


@given(st.builds(
    Ranking,
    tracker=st.sampled_from(["", "jira", "bugzilla"]),
    target=st.sampled_from(["", "none"]),
    mismatch=st.sampled_from(["", "yes"]),
    sort=st.lists(st.sampled_from(sorted(SORTS)), min_size=1, max_size=3, unique=True).map(tuple),
    page=st.integers(1, 900),
))  # fmt: skip
def test_a_ranking_survives_its_address(asked):
    from urllib.parse import parse_qs

    values = parse_qs(asked.to_query())
    assert Ranking.taken(values) == asked
    assert values == {}


def test_a_ranking_refuses_what_it_is_not():
    for name, value in (("page", "0"), ("page", "-1"), ("sort", "key,key"), ("sort", "x")):
        with pytest.raises(ParameterError):
            Ranking.taken({name: [value]})


def test_the_panel_shows_the_longest_waits(world):
    tables, _start, end = world
    scope = Scope.of(View(as_of=end), end)
    shown = frame(PANELS["holds_up"], scope)
    wanted = ranking(tables, View(), end)
    days = sorted(
        (row["days_waited"] for row in wanted.values() if row["days_waited"]), reverse=True
    )
    assert list(shown["days_waited"]) == days[:15]
    for row in shown.to_dict("records"):
        want = wanted[row["tracker"], row["key"]]
        assert (row["cases"], row["days_waited"]) == (want["cases"], want["days_waited"])
        [rows] = PANELS["holds_up"].rows(row, scope).values()
        assert database.read(count(rows, end))["cases"].iloc[0] == row["cases"]
    figure = PANELS["holds_up"].figure(shown, scope)
    assert figure["data"][0]["customdata"][-1] == f"bug={shown['key'].iloc[0]}"


def test_words_for_severities_mean_the_same_in_sql(small):
    words = [*faulty.SEVERITIES, *faulty.PRIORITIES, "Blocker", "p2", "P5", "", " ", "MINOR\t"]
    for word in words:
        asked = select(
            severity_number(literal(word)).label("s"), priority_number(literal(word)).label("p")
        )
        with database.snapshot() as connection:
            got = tuple(connection.execute(asked).one())
        assert got == (severity_of(word), priority_of(word)), word
