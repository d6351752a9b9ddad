"""From empty: the board equals the sources, told by an independent look at their world."""

from datetime import timedelta

import pytest

from etl.sandbox.world import World
from tests.sync.conftest import SOURCES, Clock, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

KINDS = {
    "cloud": {},
    "data center": {"jira_kind": "datacenter"},
    "xml-rpc, and issues by a request of their own": {"rest": False, "trackers": False},
}


def world(clock, cases=120, **given):
    return World(
        cases=cases, start=clock() - timedelta(days=365), clock=clock, frozen=True, **given
    )


@pytest.mark.parametrize("given", KINDS.values(), ids=KINDS)
def test_a_first_fill_equals_the_sources_and_a_second_changes_nothing(given):
    with desk_of(world(Clock()), **given) as desk:
        desk.fill()
        assert desk.disagreements() == []
        assert desk.value("select count(*) from rejects") == 0
        before = desk.contents(), desk.value("select version from data_version")
        desk.fill()
        desk.fill(full=True)
        assert (desk.contents(), desk.value("select version from data_version")) == before
        assert desk.value("select sum(inserted + updated + gone) from sync_runs where id > 6") == 0


def test_the_order_of_the_syncs_does_not_matter():
    clock = Clock()
    with desk_of(world(clock)) as desk:
        for name in (
            "cards",
            "escalations",
            "bugs",
            "issues",
            "cases",
            "details",
            "issues",
            "bugs",
        ):
            assert desk.run(name).state == "finished"
        assert desk.disagreements() == []
        board = desk.contents()
    with desk_of(world(clock)) as desk:
        desk.fill()
        other = desk.contents()
    assert board == other


def test_the_past_is_backfilled_from_changelog_history_and_comments(desk):
    desk.fill()
    number = desk.value(
        "select case_number from card_versions v join cases c on c.fe_jira_card = v.key group by 1 order by count(*) desc, 1 limit 1"
    )
    issue = desk.world.issues.get(desk.case(number).fe_jira_card)
    told = [
        (c.at, after) for c in issue.changes for field, _, after in c.items if field == "status"
    ]
    known = desk.rows(
        "select at, value from changes where entity = 'card' and key = :k and field = 'status' order by at, seq",
        k=issue.key,
    )
    assert [
        (at.replace(microsecond=at.microsecond // 1000 * 1000), value) for at, value in known[1:]
    ] == [(at.replace(microsecond=at.microsecond // 1000 * 1000), value) for at, value in told]
    bug = max(desk.world.bugs.by_id.values(), key=lambda b: len(b.history))
    past = desk.rows(
        "select valid_from, status from bug_versions where key = :k order by valid_from",
        k=str(bug.id),
    )
    statuses = [row.status for row in past]
    assert [s for i, s in enumerate(statuses) if i == 0 or statuses[i - 1] != s] == [
        "NEW", *(after for h in bug.history for field, _, after in h.changes if field == "status")
    ]  # fmt: skip
    # A case was updated whenever it was commented on, also long before we first saw it.
    case = next(
        c
        for c in desk.world.cases.by_number.values()
        if len(c.comments) > 3 and "shift_telco5g" in c.tags
    )
    updates = {
        row.at
        for row in desk.rows(
            "select at from changes where entity = 'case' and field = 'updated' and key = :k",
            k=case.number,
        )
    }
    assert {c.created for c in case.comments} <= updates


def test_a_closed_case_was_open_before_it_was_closed(desk):
    desk.fill()
    number, created, closed = desk.one(
        "select case_number, created_date, closed_date from cases where closed_date is not null order by 1 limit 1"
    )
    past = desk.rows(
        "select is_open, valid_from, valid_to from case_versions where case_number = :n order by valid_from",
        n=number,
    )
    assert past[0].valid_from == created
    assert past[0].is_open
    assert next(row.valid_from for row in past if not row.is_open) == closed


def test_an_incremental_run_asks_for_what_changed_and_for_no_more(desk, clock):
    desk.fill()
    for name, limit in {
        "cases": 2,
        "details": 0,
        "cards": 3,
        "escalations": 3,
        "issues": 0,
        "bugs": 0,
    }.items():
        assert desk.run(name).requests <= limit, name
    clock.pass_(hours=2)
    numbers = [
        row[0]
        for row in desk.rows(
            "select case_number from cases where closed_date is null order by 1 limit 5"
        )
    ]
    for number in numbers:
        desk.world.change_case(number, severity=1)
    assert desk.run("cases").row.updated == 5
    # A token, and one request per case that changed.
    assert desk.run("details").requests == 1 + len(numbers)
    assert desk.disagreements() == []


def test_closed_cases_are_not_fetched_again_once_they_are_at_rest(desk):
    desk.fill()
    open_or_fresh = desk.value(
        "select count(*) from cases where closed_date is null or last_update > now() - interval '7 days'"
    )
    ran = desk.run("details", full=True)
    assert ran.requests == 1 + open_or_fresh
    assert ran.requests < desk.value("select count(*) from cases") / 3


def test_all_syncs_say_what_they_did(desk):
    for name in SOURCES:
        row = desk.run(name).row
        assert row.seen == row.inserted + row.updated + row.unchanged + row.rejected, name
        assert row.finished_at >= row.started_at
        assert row.requests > 0
        assert row.mode == "full"
        assert row.total is None or row.done == row.total
