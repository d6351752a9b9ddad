"""What changes at a source is on the board after the next sync, with its past kept."""

import copy
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from etl.history import rebuild_all
from etl.sandbox.model import UNWANTED_TAG, WANTED_TAG
from etl.sandbox.world import World
from tests.sync.conftest import Clock, desk_of

pytestmark = pytest.mark.database


@pytest.fixture
def filled(filled, clock):
    clock.pass_(hours=1)
    return filled


def an_open_case(desk):
    return desk.value(
        "select case_number from cases where closed_date is null and fe_jira_card is not null order by 1 limit 1"
    )


def test_a_case_changed_by_hand_is_on_the_board_after_the_next_sync(filled, clock):
    number = an_open_case(filled)
    before = filled.case(number)
    filled.world.change_case(
        number, severity=1, summary="新しい概要 <b>x</b>", owner=None, account="Neu & Söhne"
    )
    new = filled.world.add_case(summary="Arrived", severity=2, account="Acme")
    filled.run("cases")
    row = filled.case(number)
    assert (row.severity, row.owner, row.account, row.summary) == (
        1,
        None,
        "Neu & Söhne",
        "新しい概要 <b>x</b>",
    )
    assert filled.case(new).created_date == clock()
    then = filled.one(
        "select * from case_versions where case_number = :n and valid_from <= :t and valid_to > :t",
        n=number,
        t=clock() - timedelta(minutes=1),
    )
    assert (then.severity, then.owner) == (before.severity, before.owner)
    assert filled.disagreements() == []


def test_a_case_closed_reopened_and_closed_between_two_looks_has_its_last_closing(filled, clock):
    number = an_open_case(filled)
    filled.world.close_case(number)
    filled.run("cases")
    first = filled.case(number).closed_date
    clock.pass_(hours=1)
    filled.world.reopen_case(number)
    clock.pass_(hours=1)
    filled.world.close_case(number)
    filled.run("cases")
    assert filled.case(number).closed_date == clock() > first


def test_a_case_retagged_away_is_gone_and_comes_back_with_its_past(filled, clock):
    number = an_open_case(filled)
    filled.world.retag(number, ["other"])
    filled.run("cases")
    assert filled.case(number).gone_at is None, (
        "only a full enumeration tells that something is gone"
    )
    ran = filled.run("cases", full=True)
    assert (ran.state, ran.row.gone) == ("finished", 1)
    assert filled.case(number).gone_at is not None
    assert filled.disagreements() == []
    clock.pass_(days=1)
    filled.world.retag(number, [WANTED_TAG, "again"])
    filled.run("cases")
    row = filled.case(number)
    assert row.gone_at is None
    assert row.tags == ["again", WANTED_TAG]
    events = [
        r[0]
        for r in filled.rows(
            "select event from case_versions where case_number = :n and event is not null order by valid_from",
            n=number,
        )
    ]
    assert events == ["created", "gone", "returned"]
    assert filled.disagreements() == []


def test_the_stars_of_the_query_match_more_than_is_wanted(filled):
    number = an_open_case(filled)
    filled.world.retag(number, [UNWANTED_TAG])
    filled.run("cases", full=True)
    assert filled.case(number).gone_at is not None


def test_a_deleted_case_is_gone_and_keeps_its_past(filled):
    number = an_open_case(filled)
    versions = filled.value("select count(*) from case_versions where case_number = :n", n=number)
    filled.world.delete_case(number)
    filled.run("cases", full=True)
    assert filled.case(number).gone_at is not None
    assert (
        filled.value("select count(*) from case_versions where case_number = :n", n=number)
        == versions + 1
    )
    before = filled.contents()
    filled.run("cases", full=True)
    assert filled.contents() == before


def test_comments_edited_and_deleted_at_the_portal(filled, clock):
    number = an_open_case(filled)
    kept = filled.world.add_comment(number, "first words", customer=True)
    lost = filled.world.add_comment(number, "taken back", customer=False)
    filled.run("cases")
    filled.run("details")
    clock.pass_(hours=1)
    filled.world.edit_comment(number, kept, "other words")
    filled.world.delete_comment(number, lost)
    filled.run("cases")
    filled.run("details")
    rows = {
        r.source_id: r
        for r in filled.rows("select * from comments where case_number = :n", n=number)
    }
    edited, deleted = rows[f"a0a{kept:08d}"], rows[f"a0a{lost:08d}"]
    assert (edited.comment_text, edited.gone_at) == ("other words", None)
    assert deleted.gone_at is not None
    told = [
        r[0]
        for r in filled.rows(
            "select value from changes where entity = 'comment' and key = :k and field = 'text' order by at",
            k=f"{number}|a0a{kept:08d}",
        )
    ]
    assert told == ["first words", "other words"]
    assert filled.disagreements() == []


def test_comments_edited_and_deleted_on_a_card(filled, clock):
    number = an_open_case(filled)
    key = filled.case(number).fe_jira_card
    kept, lost = (filled.world.comment_card(key, text) for text in ("first", "taken back"))
    filled.run("cards")
    clock.pass_(hours=1)
    filled.world.edit_card_comment(key, kept, "other")
    filled.world.delete_card_comment(key, lost)
    filled.run("cards")
    rows = {
        r.jira_comment_id: r
        for r in filled.rows("select * from jira_comments where card_key = :k", k=key)
    }
    assert (rows[str(kept)].body, rows[str(kept)].gone_at) == ("other", None)
    assert rows[str(lost)].gone_at is not None
    assert filled.disagreements() == []


def test_a_card_that_changes_case_takes_its_comments_along(filled, clock):
    one = an_open_case(filled)
    key = filled.case(one).fe_jira_card
    filled.world.comment_card(key, "hello")
    other = filled.world.add_case(summary="Without a card")
    filled.run("cases")
    filled.run("cards")
    clock.pass_(hours=1)
    filled.world.retitle_card(key, other)
    filled.run("cards")
    assert filled.case(one).fe_jira_card is None
    assert filled.case(other).fe_jira_card == key
    assert filled.value("select count(*) from jira_comments where case_number = :n", n=one) == 0
    assert filled.disagreements() == []
    then = filled.one(
        "select card from case_versions where case_number = :n and valid_from <= :t and valid_to > :t",
        n=one,
        t=clock() - timedelta(minutes=1),
    )
    assert then.card == key


def test_a_deleted_card_leaves_its_case(filled):
    number = an_open_case(filled)
    filled.world.delete_issue(filled.case(number).fe_jira_card)
    assert filled.run("cards", full=True).row.gone == 1
    assert filled.case(number).fe_jira_card is None
    assert filled.disagreements() == []


def test_of_two_cards_the_newest_counts_and_the_other_returns_when_it_goes(filled):
    number = an_open_case(filled)
    old = filled.case(number).fe_jira_card
    new = filled.world.add_card(number)
    filled.run("cards")
    assert filled.case(number).fe_jira_card == new
    filled.world.delete_issue(new)
    filled.run("cards", full=True)
    assert filled.case(number).fe_jira_card == old


def test_an_escalation_begins_and_ends_with_its_card(filled, clock):
    row = filled.one(
        "select c.case_number, c.escalation_link, j.key from cases c join jira_cards j on j.kind = 'escalation' and j.cases @> array[c.case_number] order by j.key desc limit 1"
    )
    filled.world.change_issue(row.key, status="Open")
    filled.run("escalations")
    assert filled.case(row.case_number).escalated == "yes"
    assert filled.case(row.case_number).escalation_link.endswith(f"/browse/{row.key}")
    clock.pass_(hours=2)
    filled.world.change_issue(row.key, status="Closed")
    filled.run("escalations")
    assert filled.case(row.case_number).escalated != "yes"


def test_a_label_makes_a_case_a_potential_escalation(filled):
    number = an_open_case(filled)
    key = filled.case(number).fe_jira_card
    filled.world.change_issue(key, labels=["field", "PotentialEscalation"])
    filled.run("cards")
    assert filled.case(number).escalated == "potential"


def test_a_bug_linked_to_several_cases_unlinked_and_linked_again(filled, clock):
    numbers = [
        r[0]
        for r in filled.rows(
            "select case_number from cases where closed_date is null order by 1 limit 3"
        )
    ]
    bug = next(b.id for b in filled.world.bugs.by_id.values() if not b.restricted)
    for number in numbers:
        filled.world.link_bug(number, bug)
    for name in ("cases", "details", "bugs"):
        filled.run(name)
    assert (
        filled.value(
            "select count(*) from case_bugs where key = :k and unlinked_at is null and case_number = any(:n)",
            k=str(bug),
            n=numbers,
        )
        == 3
    )
    clock.pass_(hours=1)
    filled.world.unlink_bug(numbers[0], bug)
    filled.run("cases")
    filled.run("details")
    assert filled.disagreements() == []
    clock.pass_(hours=1)
    filled.world.link_bug(numbers[0], bug)
    filled.run("cases")
    filled.run("details")
    spans = filled.rows(
        "select linked_at, unlinked_at from case_bugs where key = :k and case_number = :n order by linked_at",
        k=str(bug),
        n=numbers[0],
    )
    assert [span.unlinked_at is None for span in spans] == [False, True]
    assert filled.disagreements() == []


def test_a_bug_that_becomes_restricted_stays_with_what_was_known(filled):
    bug = next(b for b in filled.world.bugs.by_id.values() if not b.restricted)
    filled.world.restrict_bug(bug.id)
    ran = filled.run("bugs", full=True)
    assert "does not show us" in " ".join(ran.row.notes)
    row = filled.one("select * from bugs where key = :k", k=str(bug.id))
    assert (row.restricted, row.summary, row.gone_at) == (True, bug.summary, None)
    filled.world.restrict_bug(bug.id, restricted=False)
    filled.world.change_bug(bug.id, status="ON_QA", target_release=["9.9.z"])
    filled.run("bugs", full=True)
    row = filled.one("select * from bugs where key = :k", k=str(bug.id))
    assert (row.restricted, row.status, row.target) == (False, "ON_QA", "9.9.z")


def test_a_hidden_issue_does_not_take_the_others_with_it(filled):
    key = filled.value(
        "select key from bugs where tracker = 'jira' and not restricted order by 1 limit 1"
    )
    others = filled.value("select count(*) from bugs where tracker = 'jira' and not restricted")
    filled.world.hide_issue(key)
    filled.run("issues", full=True)
    assert (
        filled.value("select count(*) from bugs where tracker = 'jira' and not restricted")
        == others - 1
    )
    filled.world.hide_issue(key, hidden=False)
    filled.run("issues", full=True)
    assert (
        filled.value("select count(*) from bugs where tracker = 'jira' and not restricted")
        == others
    )


def test_a_hidden_issue_fails_a_whole_search_of_data_center_and_is_left_out(clock):
    world = World(cases=120, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world, jira_kind="datacenter") as desk:
        desk.fill()
        linked = desk.value("select count(*) from bugs where tracker = 'jira'")
        shown = desk.value(
            "select count(*) from bugs where tracker = 'jira' and summary is not null"
        )
        hidden = desk.value("select count(*) from bugs where tracker = 'jira' and restricted")
        assert shown + hidden == linked
        assert shown > 0


@pytest.mark.parametrize("minutes", [-5, 5])
def test_clocks_of_sources_that_are_wrong(minutes):
    clock = Clock()
    world = World(
        cases=120,
        start=clock() - timedelta(days=365),
        clock=clock,
        frozen=True,
        skew=timedelta(minutes=minutes),
    )
    with desk_of(world) as desk:
        desk.fill()
        for _ in range(3):
            clock.pass_(minutes=7)
            number = an_open_case(desk)
            world.change_case(number, owner=f"Owner at {clock()}")
            world.change_issue(desk.case(number).fe_jira_card, assignee=f"Engineer at {clock()}")
            for name in ("cases", "details", "cards"):
                desk.run(name)
            assert desk.case(number).owner == f"Owner at {clock()}"
            assert desk.disagreements() == []
        until = desk.value(
            "select value::timestamptz from watermarks where source = 'cases' and name = 'until'"
        )
        assert until <= world.now()


def test_values_changed_without_a_new_date_are_seen_by_the_next_full_run(filled, clock):
    number = an_open_case(filled)
    case = filled.world.cases.get(number)
    for tags in (["one", WANTED_TAG], ["two", WANTED_TAG], ["one", WANTED_TAG]):
        clock.pass_(hours=1)
        case.tags = tags
        filled.run("cases", full=True)
        assert filled.case(number).tags == sorted(tags)


def test_unknown_statuses_are_kept_and_shown(filled):
    number = an_open_case(filled)
    filled.world.change_case(number, status="Pending Legal Review")
    filled.world.change_issue(filled.case(number).fe_jira_card, status="Parked")
    filled.run("cases")
    filled.run("cards")
    row = filled.one(
        "select status, waiting_on, card_status, is_open from case_versions where case_number = :n and valid_to = 'infinity'",
        n=number,
    )
    assert tuple(row) == ("Pending Legal Review", "unknown", "Parked", True)


def told_as(case, earlier):
    """Let the portal tell a case as it was (an index that lags); gives how it was told before."""
    now = {one.name: getattr(case, one.name) for one in fields(case)}
    for name, value in earlier.items():
        setattr(case, name, value)
    return now


def test_what_changes_after_a_clock_that_was_ahead_is_no_old_news(filled, clock):
    # Our own clock is right.
    clock.at = datetime.now(UTC).replace(microsecond=0)
    world, number = filled.world, an_open_case(filled)
    case = world.cases.get(number)
    stale = copy.deepcopy({one.name: getattr(case, one.name) for one in fields(case)})
    clock.pass_(minutes=20)
    world.change_case(number, owner="Before the jump", status="Waiting on Customer")
    filled.run("cases")
    world.skew = timedelta(hours=2)
    clock.pass_(minutes=10)
    world.change_case(number, owner="In the jump")
    filled.run("cases")
    assert filled.case(number).owner == "In the jump"
    # Back again: each change is on the board, also those dated before the one in the jump.
    world.skew = timedelta(0)
    for turn in range(10):
        clock.pass_(minutes=20)
        world.change_case(number, owner=f"After the jump {turn}")
        now = told_as(case, stale)
        filled.run("cases", full=True)
        assert filled.case(number).owner != stale["owner"], "an index that lags told nothing new"
        told_as(case, now)
        filled.run("cases")
        assert filled.case(number).owner == f"After the jump {turn}"
    for name in ("details", "cards"):
        filled.run(name)
    assert filled.disagreements("cases") == []
    before = filled.contents()
    rebuild_all()
    assert filled.contents() == before


def test_a_change_in_the_jump_alone_stands_when_the_clock_is_right_again(filled, clock):
    world, number = filled.world, an_open_case(filled)
    world.skew = timedelta(hours=2)
    world.change_case(number, owner="In the jump")
    filled.run("cases")
    world.skew = timedelta(0)
    for _ in range(3):
        clock.pass_(hours=1)
        filled.run("cases", full=True)
        assert filled.case(number).owner == "In the jump"
