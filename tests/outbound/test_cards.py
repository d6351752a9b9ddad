"""Cards for cases: made once, as they should be; taken up again; held when they are too many."""

import pytest

from app.settings import use
from etl.outbound import jira_writer
from etl.sandbox.faults import Fault
from etl.sandbox.jira_writes import ACTIVE_SPRINT

pytestmark = pytest.mark.database


def test_a_case_without_a_card_gets_one_as_it_should_be(desk):
    bug = next(iter(desk.world.bugs.by_id))
    number = desk.world.add_case(summary="No\nlink  up", severity=1, account="Acme")
    desk.world.link_bug(number, bug)
    for name in ("cases", "details", "bugs"):
        desk.run(name)
    ran = desk.run("portal2jira")
    assert (ran.state, ran.error) == ("finished", None)
    card = desk.card(number)
    assert card.summary == f"{number}: No link up"
    assert (card.issuetype, card.priority, card.status) == ("Story", "Critical", "To Do")
    assert card.labels == ["field", f"caseboard-{number}"]
    assert card.sprint == ACTIVE_SPRINT
    assert card.watchers == [card.assignee]
    assert [(link.global_id, link.title) for link in card.links] == [
        (f"caseboard:case={number}", f"Support case {number}"),
        (f"caseboard:bugzilla={bug}", f"Bug {bug}"),
    ]
    assert number in card.links[0].url
    assert card.links[1].url.endswith(f"/show_bug.cgi?id={bug}")
    assert "/rest/" not in card.links[1].url
    assert set(desk.states().values()) == {"done"}
    assert {row["target"] for row in desk.outbox()} == {card.key}
    desk.run("cards")
    assert desk.case(number).fe_jira_card == card.key
    before = len(desk.outbox())
    assert desk.run("portal2jira").state == "finished"
    assert len(desk.outbox()) == before


def test_data_center_takes_them_too(clock):
    from datetime import timedelta

    from etl.sandbox.world import World
    from tests.outbound.conftest import WRITING, Writer
    from tests.sync.conftest import desk_of

    world = World(cases=1, days=365, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world, jira_kind="datacenter") as plain:
        use(WRITING)
        desk = Writer(plain.sandbox)
        desk.fill(full=True)
        number = desk.arrive(severity=4)
        ran = desk.run("portal2jira")
        assert ran.state == "finished", (ran.error, desk.outbox())
        card = desk.card(number)
        assert (card.priority, card.status, card.sprint) == ("Minor", "To Do", ACTIVE_SPRINT)
        assert card.watchers == [card.assignee]


def test_nothing_is_made_from_data_that_were_not_read(clock, monkeypatch):
    from datetime import timedelta

    from etl.sandbox.world import World
    from tests.outbound.conftest import WRITING, Writer
    from tests.sync.conftest import desk_of

    world = World(cases=30, days=365, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world) as plain:
        use({**WRITING, "CASEBOARD_MAX_TO_CREATE": "1000"})
        desk = Writer(plain.sandbox)
        cards = len(world.issues.by_key)
        for name in ("cases", "details"):
            desk.run(name)
        ran = desk.run("portal2jira")
        assert ran.state == "failed"
        assert "The sync cards has not read everything yet" in ran.error
        desk.run("cards")
        desk.rows(
            "update sync_runs set finished_at = finished_at - interval '4 hours' where sync = 'cards' returning 1"
        )
        ran = desk.run("portal2jira")
        assert "cards last ended well" in ran.error
        assert len(world.issues.by_key) == cards


def test_a_card_that_somebody_made_meanwhile_is_taken_instead(desk):
    number = desk.arrive()
    key = desk.world.add_card(number, summary=f"{number}: made by hand")
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).key == key
    [row] = desk.outbox("kind = 'create_card'")
    assert (row["state"], row["target"], row["result"]["already"]) == ("done", key, True)


def test_too_many_are_held_until_somebody_approves(desk):
    use({"CASEBOARD_MAX_TO_CREATE": "2"})
    numbers = [desk.world.add_case() for _ in range(3)]
    for name in ("cases", "details"):
        desk.run(name)
    before = len(desk.world.issues.by_key)
    ran = desk.run("portal2jira")
    assert "3 cards would be made or taken up at once" in ran.row.notes[0]
    assert set(desk.states().values()) == {"held"}
    assert len(desk.world.issues.by_key) == before
    # One less, and they are no longer too many; what is not called for is taken back.
    desk.world.close_case(numbers[0])
    desk.run("cases")
    assert desk.run("portal2jira").state == "finished"
    states = desk.states()
    assert states.pop(f"card:{numbers[0]}") == "withdrawn"
    assert not desk.cards_of(numbers[0])
    assert all(desk.card(number).status == "To Do" for number in numbers[1:])


def test_an_old_case_has_its_earlier_card_taken_up_again(desk, clock):
    from datetime import timedelta

    number = desk.world.add_case(created=clock() - timedelta(days=40))
    key = desk.world.add_card(number)
    desk.world.change_issue(key, status="Done", sprint=3)
    desk.world.close_case(number)
    desk.fill()
    clock.pass_(hours=1)
    desk.world.reopen_case(number)
    desk.run("cases")
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    assert (card.key, card.status, card.sprint) == (key, "To Do", ACTIVE_SPRINT)
    [comment] = card.comments
    assert f"Case {number} is open again" in comment.text
    clock.pass_(hours=1)
    desk.run("cards")
    assert desk.run("portal2jira").state == "finished"
    assert len(card.comments) == 1
    # The next time is another one.
    desk.world.change_issue(key, status="Done")
    desk.world.close_case(number)
    desk.fill()
    clock.pass_(hours=1)
    desk.world.reopen_case(number)
    desk.run("cases")
    desk.run("portal2jira")
    assert card.status == "To Do"
    assert len(card.comments) == 2


def test_an_earlier_card_that_the_board_does_not_know_is_found_and_shown(desk, clock):
    from datetime import timedelta

    number = desk.world.add_case(created=clock() - timedelta(days=40))
    key = desk.world.add_card(number, labels=[], status="Closed")
    desk.fill(full=True)
    assert desk.case(number).fe_jira_card is None
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    assert (card.key, card.status, card.labels) == (key, "To Do", ["field"])
    desk.run("cards")
    assert desk.case(number).fe_jira_card == key


def test_a_young_case_with_a_finished_card_is_left_alone(desk):
    number = desk.arrive()
    key = desk.world.add_card(number, status="Done")
    desk.run("cards")
    desk.run("portal2jira")
    assert desk.card(number).key == key
    assert not desk.outbox("case_number = :n", n=number)


def test_what_is_refused_is_told_and_the_rest_goes_on(desk):
    use({"CASEBOARD_TEAM": "[]"})
    number = desk.arrive()
    use({"CASEBOARD_JIRA_COMPONENT": "No such thing"})
    desk.run("portal2jira")
    [row] = desk.outbox("kind = 'create_card'")
    assert row["state"] == "failed"
    assert "Component name is not valid" in row["told"]
    assert "Nobody of CASEBOARD_TEAM" in row["reason"]
    assert {r["state"] for r in desk.outbox("kind <> 'create_card'")} == {"planned"}
    use({"CASEBOARD_JIRA_COMPONENT": "Field"})
    desk.run("portal2jira")
    assert not desk.cards_of(number)
    entry = desk.one("select * from audit_log where act = 'write_back'")
    assert (entry.outcome, entry.target) == ("refused", number)


def test_a_search_that_lags_makes_no_second_card(desk, monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr(jira_writer, "SETTLE_SECONDS", 300.0)
    number = desk.arrive()
    desk.sandbox.jira.lag = timedelta(minutes=2)
    desk.sandbox.faults.add(Fault("500", "/rest/api/2/issue?", method="POST", done=True))
    assert desk.run("portal2jira").state == "failed"
    assert desk.states()[f"card:{number}"] == "uncertain"
    ran = desk.run("portal2jira")
    assert ran.state == "failed"
    assert desk.states()[f"card:{number}"] == "uncertain"
    assert "does not show the card yet" in desk.outbox("kind = 'create_card'")[0]["told"]
    wait = desk.value("select retry_at - now() from syncs where name = 'portal2jira'")
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)
    desk.sandbox.jira.lag = timedelta(0)
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "To Do"


def test_every_act_is_in_the_audit_log(desk):
    number = desk.arrive()
    desk.run("portal2jira")
    acts = desk.rows("select * from audit_log where act = 'write_back' order by id")
    assert [a.detail["key"] for a in acts] == [row["key"] for row in desk.outbox()]
    assert {(a.actor, a.outcome, a.target) for a in acts} == {("caseboard", "done", number)}
