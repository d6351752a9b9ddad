"""Work lists against plain Python over the rows; mutes; what the numbers link to."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import cache, database, mutes
from app.auth.person import Person
from app.mutes import NotMuted, mute, unmute
from app.quality import LISTS
from app.quality.answers import counts, entries, oldest
from app.scope import Scope
from app.selection import count
from app.version import data_version
from app.view import View
from etl.seed import seed
from tests import faulty
from tests.app.test_bug_ranking import views
from tests.conftest import EMPTY, cloned
from tests.fault_oracle import Tables, faults, since

pytestmark = pytest.mark.database
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
EDITOR, VIEWER = Person("ed", "Ed", None, "editor"), Person("vi", "Vi", None, "viewer")
FAULTS = [name for name in LISTS if name != "restated"]


@pytest.fixture(scope="module", params=["faulty", "seeded"])
def world(request):
    with cloned(EMPTY):
        if request.param == "faulty":
            faulty.fill(5, 70)
            yield Tables(), faulty.START, faulty.END
        else:
            seed(800, 6, UNTIL)
            yield Tables(), UNTIL - timedelta(days=2_000), UNTIL


@pytest.fixture
def small():
    with cloned(EMPTY):
        faulty.fill(9, 60)
        yield Tables()


@pytest.fixture
def tiny():
    with cloned(EMPTY):
        faulty.fill(10, 24)
        yield Tables()


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


def told(name: str, scope: Scope, limit: int | None = None) -> list[dict]:
    with database.snapshot() as connection:
        return database.plain(connection, entries(LISTS[name], scope, limit))


@settings(max_examples=30)
@given(view=views, when=st.floats(0, 1))
def test_lists_and_counts_are_what_plain_python_finds(world, view, when):
    tables, start, end = world
    at = start + (end - start) * when
    scope = Scope.of(view.but(as_of=at), at)
    wanted = faults(tables, view, at)
    numbers = counts(scope, data_version())
    for name in FAULTS:
        subjects = [row["subject"] for row in told(name, scope)]
        assert len(subjects) == len(set(subjects))
        assert set(subjects) == wanted[name], name
        assert numbers[name] == {"entries": len(subjects), "muted": 0}, name


@settings(max_examples=20)
@given(view=views, when=st.floats(0, 1))
def test_the_table_behind_a_list_has_its_cases(world, view, when):
    tables, start, end = world
    at = start + (end - start) * when
    view = view.but(as_of=at)
    wanted = faults(tables, view, at)
    for name in FAULTS:
        rows = LISTS[name].rows(view)
        if rows is not None:
            again = View.from_query(rows.to_query())
            assert database.read(count(again, at))["cases"].iloc[0] == len(wanted[name]), name


def test_a_view_that_asks_for_other_cards_has_no_link_and_no_entry(small):
    view = View(card=("done",), as_of=faulty.END)
    assert LISTS["no_card"].rows(view) is None
    assert told("no_card", Scope.of(view, faulty.END)) == []


@settings(max_examples=12)
@given(when=st.floats(0.3, 1))
def test_an_entry_is_as_old_as_its_fault(tiny, when):
    at = faulty.START + (faulty.END - faulty.START) * when
    scope = Scope.of(View(as_of=at), at)
    for name in FAULTS:
        if name not in {"untargeted_bug", "restricted_bug"}:
            for row in told(name, scope):
                assert row["since"] == since(tiny, name, row["subject"], at), (name, row)


@settings(max_examples=12)
@given(when=st.floats(0.3, 1))
def test_a_bug_is_at_fault_since_it_lost_what_it_lacks_or_was_linked(small, when):
    at = faulty.START + (faulty.END - faulty.START) * when
    for name, lacks in (
        ("untargeted_bug", lambda bug: (bug["target"] or "") not in {"", "---"}),
        ("restricted_bug", lambda bug: not bug["restricted"]),
    ):
        for row in told(name, Scope.of(View(as_of=at), at)):
            key = (row["tracker"], row["bug"])
            linked = min(
                link["linked_at"]
                for case in small.chosen(View(), at, "open")
                for link in small.linked(case["case_number"], at)
                if (link["tracker"], link["key"]) == key
            )
            ended = [
                b["valid_to"] for b in small.bugs.get(key, []) if b["valid_to"] <= at and lacks(b)
            ]
            known = [b["valid_from"] for b in small.bugs.get(key, [])][:1]
            began = [linked, *ended, *(known if name == "restricted_bug" else [])]
            assert row["since"] == max(began), (name, row)


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_the_oldest_are_the_first_of_all(world, limit):
    _tables, start, end = world
    for share in (0.4, 0.8, 1):
        at = start + (end - start) * share
        for view in (View(as_of=at), View(as_of=at, severity=(1, 2))):
            scope = Scope.of(view, at)
            for name in FAULTS:
                everything = told(name, scope)
                assert everything == sorted(everything, key=lambda r: (r["since"], r["subject"]))
                assert told(name, scope, limit) == everything[:limit], name


def test_live_and_past_say_the_same(world):
    _tables, _start, _end = world
    version = data_version()
    now = datetime.now(UTC)
    assert version.live(now) is (version.latest <= now)
    for name in FAULTS:
        live = told(name, Scope.of(View(), now, version))
        assert live == told(name, Scope.of(View(), now)), name


def test_page_api_and_file_tell_the_same(small, client):
    query = "as_of=2026-04-20&tz=Asia/Kolkata"
    listed = client.get(f"/api/v1/quality?{query}").get_json()
    assert [item["name"] for item in listed["items"]] == list(LISTS)
    for item in listed["items"]:
        answer = client.get(f"/api/v1/quality/{item['name']}?{query}").get_json()
        assert answer["total"] == item["entries"] == len(answer["items"])
        file = client.get(f"/api/v1/quality/{item['name']}.csv?{query}").get_data(as_text=True)
        head, *lines = csv.reader(io.StringIO(file))
        shown = [
            [str(value) if value is not None else "" for value in i.values()]
            for i in answer["items"]
        ]
        assert [[cell.removeprefix("'") for cell in line] for line in lines] == shown
        assert head[0] == "subject"
        if item["rows"]:
            rows = client.get(f"/api/v1/cases?{item['rows']}").get_json()
            assert rows["total"] == item["entries"]
    unknown = client.get("/api/v1/quality/nonsense")
    assert unknown.status_code == 404
    assert "no_card" in unknown.get_json()["detail"]


def now_scope() -> Scope:
    version = data_version()
    return Scope.of(View(), View().instant(datetime.now(UTC), version.changed_at), version)


@pytest.fixture
def unmuted():
    with cloned(EMPTY):
        faulty.fill(9, 60)
        yield


def test_a_muted_entry_is_counted_apart_and_comes_back(unmuted):
    scope, until = now_scope(), datetime.now(UTC) + timedelta(days=3)
    before = counts(scope, data_version())["no_card"]["entries"]
    first, second = told("no_card", scope)[:2]
    mute(EDITOR, "no_card", first["subject"], "  planned\n for May ", until)
    assert counts(scope, data_version())["no_card"] == {"entries": before - 1, "muted": 1}
    assert oldest(LISTS["no_card"], scope, data_version())[0]["subject"] == second["subject"]
    [hidden] = oldest(LISTS["no_card"], scope, data_version(), show_muted=True)
    assert (hidden["subject"], hidden["reason"], hidden["by"]) == (
        first["subject"],
        "planned for May",
        "ed",
    )
    unmute(EDITOR, "no_card", first["subject"])
    assert counts(scope, data_version())["no_card"] == {"entries": before, "muted": 0}
    with pytest.raises(NotMuted, match="not muted any more"):
        unmute(EDITOR, "no_card", first["subject"])


def test_muting_again_replaces_the_mute_and_what_was_is_kept(unmuted):
    scope = now_scope()
    subject = told("no_card", scope)[0]["subject"]
    soon, later = (datetime.now(UTC) + timedelta(days=days) for days in (1, 9))
    mute(EDITOR, "no_card", subject, "first", soon)
    mute(EDITOR, "no_card", subject, "second", later)
    rows = database.read(text("select reason, ended_at from mutes order by id"))
    assert list(rows["reason"]) == ["first", "second"]
    assert list(rows["ended_at"].isna()) == [False, True]
    [hidden] = oldest(LISTS["no_card"], scope, data_version(), show_muted=True)
    assert hidden["reason"] == "second"


def test_a_mute_ends_by_itself_and_belongs_to_its_time(unmuted):
    subject = told("no_card", now_scope())[0]["subject"]
    with database.transaction() as connection:
        connection.execute(
            text(
                "insert into mutes (list, subject, reason, until, by, at, ended_at) values "
                "('no_card', :s, 'then', '2026-04-20', 'ed', '2026-04-10', null)"
            ),
            {"s": subject},
        )
    assert counts(now_scope(), data_version())["no_card"]["muted"] == 0
    for day, muted in ((9, 0), (10, 1), (19, 1), (20, 0)):
        at = datetime(2026, 4, day, tzinfo=UTC)
        there = subject in faults(Tables(), View(), at)["no_card"]
        found = counts(Scope.of(View(as_of=at), at), data_version())["no_card"]
        assert found["muted"] == (muted if there else 0), day


@pytest.mark.parametrize(
    ("person", "reason", "days", "told_why"),
    [
        (VIEWER, "because", 3, "Only editors"),
        (EDITOR, "   ", 3, "reason"),
        (EDITOR, "x" * 400, 3, "reason"),
        (EDITOR, "because", -1, "to come"),
    ],
)
def test_not_everybody_may_mute_nor_for_nothing(small, person, reason, days, told_why):
    until = datetime.now(UTC) + timedelta(days=days)
    with pytest.raises(NotMuted, match=told_why):
        mute(person, "no_card", "1", reason, until)
    with pytest.raises(NotMuted, match="Only editors"):
        unmute(VIEWER, "no_card", "1")
    assert database.read(text("select count(*) as n from mutes"))["n"].iloc[0] == 0


def test_lists_come_from_the_cache_until_data_or_mutes_change(unmuted, monkeypatch):
    scope = now_scope()
    counts(scope, data_version())
    asked = []
    monkeypatch.setattr("app.quality.answers._counts", lambda _scope: asked.append(1) or "{}")
    counts(scope, data_version())
    assert not asked
    mute(EDITOR, "no_card", "x", "because", datetime.now(UTC) + timedelta(days=1))
    counts(scope, data_version())
    assert asked == [1]
    assert mutes.LONGEST_REASON == 300
