"""Whatever a source does wrong: nothing is lost, the run tells the truth, the next one heals it."""

import os
import time
from datetime import timedelta

import pytest

from app.settings import use
from etl.sandbox.faults import Fault
from etl.sandbox.world import World
from tests.sync.conftest import SOURCES, Clock, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

# Every path that a sync asks, with what stands in it.
REQUESTS = [
    ("cases", "/openid-connect/token"),
    ("cases", "/search/cases"),
    ("details", "/openid-connect/token"),
    ("details", "/v1/cases/"),
    ("details", "/jiras"),
    ("cards", "/myself"),
    ("cards", "/field"),
    ("cards", "/search/jql"),
    ("cards", "/comment"),
    ("cards", "/changelog"),
    ("cards", "/remotelink"),
    ("escalations", "/myself"),
    ("escalations", "/search/jql"),
    ("issues", "/bulkfetch"),
    ("issues", "/rest/api/2/issue/PROD"),
    ("bugs", "/rest/version"),
    ("bugs", "/rest/bug?"),
    ("bugs", "/rest/bug/"),
    ("bugs", "/xmlrpc.cgi"),
]
KINDS = ["401", "403", "404", "429", "500", "503", "timeout", "reset", "truncated", "html", "empty", "drip"]  # fmt: skip
# Every run of the suite does a third of all pairs, each request and each kind among them.
WHOLE = os.environ.get("TEST_FAULTS") == "whole"
PAIRS = [
    (name, path, kind)
    for place, (name, path) in enumerate(REQUESTS)
    for number, kind in enumerate(KINDS)
    if WHOLE or (place + number) % 3 == 0
]
PASSING = {"429", "500", "503", "timeout", "reset", "truncated", "html", "drip"}


@pytest.fixture(scope="module")
def desk():
    """A filled board; each test changes the sources before its faulty run."""
    clock = Clock()
    world = World(cases=60, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    key = next(i.key for i in world.issues.by_project["FE"].values() if i.case)
    for place in range(45):
        clock.pass_(minutes=1)
        world.change_issue(key, assignee=f"Engineer {place}")
        world.comment_card(key, f"Comment {place}")
    with desk_of(world, trackers=False) as desk:
        use({"CASEBOARD_SOURCE_TIMEOUT": "0.4", "CASEBOARD_SOURCE_PATIENCE": "8"})
        desk.clock, desk.busy = clock, key
        desk.fill()
        yield desk


@pytest.fixture(autouse=True)
def well_again(desk):
    """A test that fails leaves no fault behind."""
    yield
    desk.sandbox.faults.clear()
    desk.sandbox.hooks.clear()
    use({"CASEBOARD_SOURCE_TIMEOUT": "0.4", "CASEBOARD_SOURCE_PATIENCE": "8"})
    use({"CASEBOARD_SOURCE_CONCURRENCY": ""})


def change_everything(desk) -> None:
    """Something new for every request of every sync."""
    desk.clock.pass_(hours=1)
    world = desk.world
    number = desk.value(
        "select case_number from cases where closed_date is null order by 1 limit 1"
    )
    world.change_case(number, owner=f"Owner at {desk.clock()}")
    world.add_comment(number, f"Comment at {desk.clock()}")
    world.comment_card(desk.busy, f"Comment at {desk.clock()}")
    lonely = next(
        i
        for i in world.issues.by_project["FE"].values()
        if i.links and not i.cases_link and not i.summary[:8].isdigit()
    )
    world.change_issue(lonely.key, assignee=f"Engineer at {desk.clock()}")
    for name in ("issue", "bug"):
        linked = desk.value(
            "select key from bugs where tracker = :t and not restricted order by key limit 1",
            t="jira" if name == "issue" else "bugzilla",
        )
        if name == "issue":
            world.change_issue(linked, status=f"Status at {desk.clock():%H%M}")
        else:
            world.change_bug(int(linked), summary=f"Summary at {desk.clock()}")
    hidden, *rest = [b for b in world.bugs.by_id.values() if b.restricted] or [None]
    shown = next(b for b in reversed(world.bugs.by_id.values()) if not b.restricted)
    if hidden:
        world.restrict_bug(hidden.id, restricted=False)
    world.restrict_bug(shown.id)
    del rest
    for bug in list(world.bugs.by_id.values())[:5]:
        world.change_bug(bug.id, assigned_to=f"{desk.clock():%d%H}@example.com")


def live(desk) -> dict[str, int]:
    """How much is on the board."""
    return {
        "cases": desk.value("select count(*) from cases where gone_at is null"),
        "cards": desk.value("select count(*) from jira_cards where gone_at is null"),
        "links": desk.value("select count(*) from case_bugs where unlinked_at is null"),
        "bugs": desk.value("select count(*) from bugs where summary is not null"),
        "comments": desk.value("select count(*) from comments where gone_at is null"),
        "card comments": desk.value("select count(*) from jira_comments where gone_at is null"),
    }


@pytest.mark.parametrize(("name", "path", "kind"), PAIRS, ids=map(" ".join, PAIRS))
def test_one_fault_in_one_request(desk, name, path, kind):
    change_everything(desk)
    for other in SOURCES[: SOURCES.index(name)]:
        assert desk.run(other).state == "finished"
    before = live(desk)
    # How long one has to wait is of no account here.
    fault = Fault(kind, path, times=1, seconds=0 if kind in {"429", "503"} else 1)
    desk.sandbox.faults.add(fault)
    ran = desk.run(name, full=True)
    desk.sandbox.faults.clear()
    assert fault.hits, f"{name} did not ask {path}"
    told = live(desk)
    assert all(told[what] >= before[what] for what in before), (before, told, ran)
    if kind in PASSING or kind == "401":
        assert ran.state == "finished", ran
        assert ran.error is None
    elif ran.state not in {"finished", "partial"}:
        assert ran.error
    # The other sources are not touched by it, and the next good run heals everything.
    for other in SOURCES:
        good = desk.run(other)
        assert good.state == "finished", (other, good)
    desk.run(name, full=True)
    assert desk.disagreements() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_fails_for_good(desk, kind):
    change_everything(desk)
    use({"CASEBOARD_SOURCE_PATIENCE": "0.5", "CASEBOARD_SOURCE_TIMEOUT": "0.2"})
    before = live(desk)
    try:
        for name in SOURCES:
            desk.sandbox.faults.add(Fault(kind, times=None, seconds=1))
            ran = desk.run(name, full=True)
            desk.sandbox.faults.clear()
            assert ran.state in {"failed", "held"}, (name, ran)
            assert ran.error.endswith((".", "drop", "s", "}")), ran.error
            assert "Traceback" not in ran.error
            assert "error of Caseboard" not in ran.error, ran.error
            assert ran.row.finished_at is not None
    finally:
        use({"CASEBOARD_SOURCE_PATIENCE": "8", "CASEBOARD_SOURCE_TIMEOUT": "0.4"})
    assert live(desk) == before
    desk.fill()
    desk.fill(full=True)
    assert desk.disagreements() == []


def test_one_source_that_fails_leaves_the_others_alone(desk):
    change_everything(desk)
    use({"CASEBOARD_SOURCE_PATIENCE": "0.5"})
    desk.sandbox.faults.add(Fault("500", "/hydra", times=None))
    states = {name: desk.run(name, full=True).state for name in SOURCES}
    desk.sandbox.faults.clear()
    use({"CASEBOARD_SOURCE_PATIENCE": "8"})
    assert states == {
        "cases": "failed",
        "details": "failed",
        **dict.fromkeys(SOURCES[2:], "finished"),
    }
    desk.fill()
    assert desk.disagreements() == []


def test_retry_after_is_obeyed_and_too_long_a_wait_is_put_off(desk):
    for as_date in (False, True):
        desk.sandbox.faults.add(Fault("429", "/search/cases", seconds=2, as_date=as_date))
        ran = desk.run("cases")
        assert ran.state == "finished", ran.error
        assert (ran.row.finished_at - ran.row.started_at).total_seconds() >= 1
        desk.sandbox.faults.clear()
    desk.sandbox.faults.add(Fault("429", "/search/cases", seconds=600))
    ran = desk.run("cases")
    desk.sandbox.faults.clear()
    assert ran.state == "failed"
    assert "asks us to come back in 600 s" in ran.error
    wait = desk.value("select extract(epoch from retry_at - now()) from syncs where name = 'cases'")
    assert 590 < wait <= 600


def test_all_requests_wait_when_one_is_asked_to(desk):
    use({"CASEBOARD_SOURCE_CONCURRENCY": "3"})
    arrived = []

    def arrive(world, source, path):
        if "/v1/cases/" in path:
            arrived.append(time.monotonic())

    desk.sandbox.hooks.append(arrive)
    desk.sandbox.faults.add(Fault("429", "/v1/cases/", times=1, seconds=1))
    ran = desk.run("details", full=True)
    assert (ran.state, ran.row.notes) == ("finished", [])
    # Those that were under way arrive together with it.
    early = [at for at in arrived if at < arrived[0] + 0.9]
    assert len(early) <= 3 < len(arrived)
    # A wait that is too long is heeded by all that have not been sent yet.
    desk.sandbox.faults.add(Fault("429", "/v1/cases/", times=None, seconds=600))
    arrived.clear()
    ran = desk.run("details", full=True)
    assert ran.state == "failed"
    assert "asks us to come back in" in ran.error
    assert 1 <= len(arrived) <= 3


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed(desk):
    change_everything(desk)
    asked = []

    def expire(world, source, path):
        if "/v1/cases/" in path:
            asked.append(path)
            if len(asked) == 3:
                desk.sandbox.portal.expire_tokens()

    desk.sandbox.hooks.append(expire)
    ran = desk.run("details", full=True)
    desk.sandbox.hooks.clear()
    assert ran.state == "finished", ran.error
    assert len(asked) > 3


def test_a_sudden_drop_is_not_believed_until_a_person_allows_it():
    clock = Clock()
    world = World(cases=60, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world) as desk:
        desk.fill()
        numbers = sorted(told["number"] for told in world.truth() if told["matches"])
        for number in numbers[: len(numbers) // 3]:
            world.delete_case(number)
        ran = desk.run("cases", full=True)
        assert ran.state == "held"
        assert "CASEBOARD_MAX_DROP" in ran.error
        assert desk.value("select count(*) from cases where gone_at is not null") == 0
        ran = desk.run("cases", full=True, allow_drop=True)
        assert (ran.state, ran.row.gone) == ("finished", len(numbers) // 3)
        assert desk.disagreements() == []


def test_records_that_cannot_be_understood_are_kept_and_the_rest_goes_on(desk):
    answer = desk.sandbox.portal._search

    def poisoned(request):
        told = answer(request)
        told.body = told.body.replace(b'"case_createdDate":"20', b'"case_createdDate":"x20', 1)
        return told

    desk.clock.pass_(hours=1)
    desk.sandbox.portal._search = poisoned
    number = desk.value(
        "select case_number from cases where closed_date is null order by 1 limit 1"
    )
    desk.world.change_case(number, owner="Somebody else")
    ran = desk.run("cases", full=True)
    del desk.sandbox.portal._search
    assert (ran.state, ran.row.rejected) == ("finished", 1)
    reject = desk.one("select * from rejects where resolved_at is null")
    assert "case_createdDate" in reject.reason
    assert reject.payload["case_number"] == reject.key
    # As soon as it can be understood it is no reject any more.
    desk.run("cases", full=True)
    assert desk.value("select count(*) from rejects where resolved_at is null") == 0
    assert desk.disagreements("cases") == []


def test_poison_in_every_source_costs_only_itself(desk):
    """Texts that PostgreSQL cannot hold, times that are none, parts that are of another form."""
    desk.clock.pass_(hours=1)
    world = desk.world
    one, other, third = (
        r[0]
        for r in desk.rows(
            "select case_number from cases where closed_date is null order by 1 limit 3"
        )
    )
    world.change_case(one, owner="Nul \x00 and more")
    world.add_comment(one, "NUL \x00 in the middle")
    world.add_comment(other, "well")
    world.change_case(third, summary="also well")
    details = desk.sandbox.portal._details

    def poisoned(case):
        told = details(case)
        if case.number == other:
            told["comments"][-1]["createdDate"] = "2026-02-30T00:00:00Z"
        return told

    desk.sandbox.portal._details = poisoned
    assert desk.run("cases").state == "finished"
    before = desk.value("select count(*) from comments where gone_at is null")
    ran = desk.run("details")
    del desk.sandbox.portal._details
    assert (ran.state, ran.row.rejected) == ("finished", 1)
    assert desk.case(one).owner == "Nul  and more"
    assert desk.value("select count(*) from comments where gone_at is null") == before + 1
    assert "createdDate of a comment" in desk.value(
        "select reason from rejects where resolved_at is null"
    )
    assert desk.case(third).summary == "also well"
    desk.run("details", full=True)
    assert desk.value("select count(*) from rejects where resolved_at is null") == 0
    world.change_case(one, owner="Clean again")
    world.cases.get(one).comments[-1].text = "clean again"
    desk.fill()
    assert desk.disagreements() == []
