"""What was lost on the way is found by counting, named, and loaded again."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from app import database
from app.quality import LISTS
from app.quality.answers import entries
from app.quality.unreconciled import recounts
from app.scope import Scope
from app.view import View
from etl.load import load
from etl.reconcile.narrowing import compare
from etl.records import Fact, Observation
from etl.runs import finish_run, start_run
from etl.sandbox.model import UNWANTED_TAG
from etl.sandbox.world import World
from tests.sync.conftest import Clock, Desk, desk_of

pytestmark = pytest.mark.database

ALL = ("reconcile_portal", "reconcile_jira", "reconcile_bugzilla")


@pytest.fixture(scope="module")
def big():
    """A filled board of some hundred cases; each test leaves it in agreement."""
    clock = Clock()
    world = World(cases=300, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world) as desk:
        desk.clock = clock
        desk.fill()
        desk.fill()
        yield desk


def listed() -> dict[str, str]:
    """What stands in the work list, by subject."""
    with database.snapshot() as connection:
        scope = Scope.of(View(), datetime.now(UTC))
        rows = database.plain(connection, entries(LISTS["unreconciled"], scope))
    return {row["subject"]: row["told"] for row in rows}


def counted() -> dict[str, tuple[int, ...]]:
    """shown, held, lost, loaded, surplus of each kind."""
    return {
        row["kind"]: tuple(row[n] for n in ("shown", "held", "lost", "loaded", "surplus"))
        for row in recounts()
    }


def reconcile(desk: Desk, *names: str) -> int:
    """Run the syncs; how many requests they sent."""
    sent = 0
    for name in names or ALL:
        ran = desk.run(name)
        assert ran.state == "finished", (name, ran.error)
        sent += ran.requests
    return sent


def learn_gone(entity: str, keys: list[str]) -> None:
    """What an enumeration that was told lies would have written: the records are gone."""
    with database.transaction() as connection:
        at = connection.exec_driver_sql("select clock_timestamp()").scalar_one()
    run = start_run("lies", "lies")
    told = [
        Observation(n, key, (Fact("gone", "true", at),), entity, "state", at, at)
        for n, key in enumerate(keys, start=1)
    ]
    with database.transaction() as connection:
        load(connection, run, "lies", told, gone=True)
        finish_run(connection, run)


def test_a_board_in_agreement_costs_few_requests(big):
    assert reconcile(big) < 40
    told = counted()
    assert set(told) == {"case", "tracking", "escalation", "issue", "bug"}
    for kind, (shown, held, *differ) in told.items():
        assert shown == held > 0, (kind, told)
        assert differ == [0, 0, 0], (kind, told)
    assert listed() == {}


@pytest.mark.parametrize("number", [1, 10, 100])
def test_cases_that_were_lost_are_found_and_loaded(big, number):
    """They are marked as gone, though the portal shows them: all of them come back by number."""
    known = [r[0] for r in big.rows("select case_number from cases where gone_at is null")]
    lost = random.Random(number).sample(sorted(known), number)
    learn_gone("case", lost)
    assert big.value("select count(*) from cases where gone_at is null") == len(known) - number
    reconcile(big, "reconcile_portal")
    shown, held, still, loaded, surplus = counted()["case"]
    assert (shown, held, still, loaded, surplus) == (len(known), len(known) - number, 0, number, 0)
    named = big.rows(
        "select key from differences where kind = 'case' and outcome = 'loaded' and found_at > "
        "(select started_at from sync_runs where sync = 'reconcile_portal' order by id desc limit 1)"
    )
    assert {r[0] for r in named} == set(lost)
    assert listed() == {}
    assert big.disagreements() == []


def test_cards_are_counted_at_a_data_center_too(monkeypatch):
    monkeypatch.delenv("CASEBOARD_JIRA_USERNAME", raising=False)
    clock = Clock()
    world = World(cases=60, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world, jira_kind="datacenter") as desk:
        desk.fill()
        asked = "select key from jira_cards where kind = 'tracking' order by key limit 3"
        learn_gone("card", [r[0] for r in desk.rows(asked)])
        reconcile(desk, "reconcile_jira")
        assert counted()["tracking"][2:] == (0, 3, 0)
        assert desk.disagreements() == []


@pytest.mark.parametrize("number", [1, 10, 100])
def test_cards_that_were_lost_are_found_and_loaded(big, number):
    known = [
        r[0]
        for r in big.rows("select key from jira_cards where kind = 'tracking' and gone_at is null")
    ]
    lost = random.Random(number).sample(sorted(known), number)
    learn_gone("card", lost)
    reconcile(big, "reconcile_jira")
    assert counted()["tracking"][2:] == (0, number, 0)
    assert listed() == {}
    assert big.disagreements() == []


@pytest.mark.parametrize(
    ("tracker", "sync", "kind"),
    [("jira", "reconcile_jira", "issue"), ("bugzilla", "reconcile_bugzilla", "bug")],
)
def test_bugs_that_were_lost_are_found_and_loaded(big, tracker, sync, kind):
    reconcile(big, sync)
    before = counted()[kind][1]
    known = big.rows(
        "select key from bugs where tracker = :t and gone_at is null and not restricted "
        "and updated_at is not null order by key limit 10",
        t=tracker,
    )
    learn_gone("bug", [f"{tracker}|{r[0]}" for r in known])
    reconcile(big, sync)
    assert counted()[kind] == (before, before - len(known), 0, len(known), 0)
    assert listed() == {}


def test_what_the_index_hid_while_it_was_new_is_found(big):
    """Cases that the search shows only after the watermark has passed them by."""
    world = big.world
    hidden: set[str] = set()
    search = big.sandbox.portal._search

    def lagging(request):
        kept = {n: world.cases.by_number.pop(n) for n in hidden if n in world.cases.by_number}
        try:
            return search(request)
        finally:
            world.cases.by_number |= kept

    big.sandbox.portal._search = lagging
    try:
        big.clock.pass_(minutes=30)
        hidden |= {world.add_case() for _ in range(10)}
        big.clock.pass_(minutes=60)
        world.add_case()
        assert big.run("cases").state == "finished"
        hidden_before = set(hidden)
        hidden.clear()
        big.clock.pass_(minutes=15)
        assert big.run("cases").row.inserted == 0
        # Before the comparison nobody knows; the next full enumeration would be a day away.
        reconcile(big, "reconcile_portal")
        assert counted()["case"][2:] == (0, 10, 0)
        for number in hidden_before:
            assert big.case(number).gone_at is None
    finally:
        del big.sandbox.portal._search
    assert big.run("details").state == "finished"


def test_what_is_gone_at_the_source_is_named_and_settled_by_the_full_enumeration(big):
    number = big.value("select min(case_number) from cases where gone_at is null")
    big.clock.pass_(minutes=5)
    big.world.delete_case(number)
    reconcile(big, "reconcile_portal")
    assert counted()["case"][2:] == (0, 0, 1)
    [(subject, told)] = listed().items()
    assert subject == f"case|{number}"
    assert "no longer shows it" in told
    # It stays until the enumeration says so, which was asked for.
    assert big.case(number).gone_at is None
    assert big.value("select asked_full from syncs where name = 'cases'")
    assert big.run("cases").row.gone == 1
    reconcile(big, "reconcile_portal")
    assert counted()["case"][2:] == (0, 0, 0)
    assert listed() == {}


def test_what_cannot_be_read_stays_in_the_list_with_the_reason(big):
    answer = big.sandbox.portal._search
    number = big.value("select max(case_number) from cases where gone_at is null")
    learn_gone("case", [number])

    def poisoned(request):
        told = answer(request)
        if number.encode() in told.body and b'"case_createdDate"' in told.body:
            told.body = told.body.replace(b'"case_createdDate":"20', b'"case_createdDate":"x20')
        return told

    big.sandbox.portal._search = poisoned
    reconcile(big, "reconcile_portal")
    del big.sandbox.portal._search
    assert counted()["case"][2:] == (1, 0, 0)
    [(subject, told)] = listed().items()
    assert subject == f"case|{number}"
    assert number in told
    assert "could not read it" in told
    reconcile(big, "reconcile_portal")
    assert listed() == {}
    assert counted()["case"][2:] == (0, 1, 0)


def test_similar_tags_and_what_is_about_to_come_are_no_losses(big):
    world = big.world
    big.clock.pass_(minutes=30)
    world.add_case(tags=[UNWANTED_TAG])
    new = world.add_case()
    reconcile(big, "reconcile_portal")
    shown, held, *differ = counted()["case"]
    assert (shown - held, differ) == (0, [0, 0, 0])
    assert big.value("select count(*) from cases where case_number = :n", n=new) == 0
    assert big.run("cases").state == "finished"


def test_the_page_tells_what_was_compared(big, client):
    reconcile(big)
    told = client.get("/api/v1/quality/unreconciled")
    assert told.status_code == 200, told.text
    assert told.get_json()["total"] == 0
    assert client.get("/api/v1/quality/unreconciled.csv").status_code == 200


class Counting:
    """A source of some places, which counts what it is asked and shows so many keys at once."""

    exact = True

    def __init__(self, places: dict[str, int], room: int) -> None:
        self.places, self.room, self.asked = places, room, 0

    def count(self, start: int, end: int) -> int:
        self.asked += 1
        return sum(start <= place < end for place in self.places.values())

    def keys(self, start: int, end: int) -> set[str] | None:
        self.asked += 1
        found = {key for key, place in self.places.items() if start <= place < end}
        return None if len(found) > self.room and end - start > 1 else found


@pytest.mark.parametrize("number", [0, 1, 10, 100, 4_000])
def test_few_counts_find_every_difference(number):
    dice = random.Random(number)
    places = {f"K{n}": dice.randrange(1_000_000) for n in range(5_000)}
    lost = set(dice.sample(sorted(places), number))
    source = Counting(places, 50)
    found = compare(
        source, {key: at for key, at in places.items() if key not in lost}, 0, 1_000_000
    )
    assert found.lacking_here == lost
    assert found.lacking_there == set()
    assert (found.shown, found.held) == (5_000, 5_000 - number)
    # 64 counts, and for each lost record the way down to a range of 50.
    assert source.asked <= 64 + 8 * max(number, 1)
    other = compare(
        Counting({k: v for k, v in places.items() if k not in lost}, 50), places, 0, 1_000_000
    )
    assert other.lacking_there == lost


def test_a_source_that_counts_others_too_is_asked_for_keys():
    places = {f"K{n}": n * 10 for n in range(5_000)}
    source = Counting(places, 1_000)
    source.exact = False
    found = compare(source, {k: v for k, v in places.items() if v != 40_000}, 0, 50_000)
    assert found.lacking_here == {"K4000"}
    assert source.asked < 10
