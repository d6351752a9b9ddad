"""Cards for cases: made once, as they should be; taken up again; held when they are too many."""

import re
from datetime import timedelta

import pytest

from app import deciding
from app.settings import use
from etl.outbound import cards, jira_writer
from etl.sandbox.faults import Fault
from etl.sandbox.jira_writes import ACTIVE_SPRINT, BOARD, BOARD_NAME
from etl.sandbox.world import World
from tests.outbound.conftest import WRITING, Writer
from tests.sync.conftest import desk_of

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
    work = {"status": "In Progress", "sprint": 3, "assignee": "Kavya Rao", "labels": ["theirs"]}
    key = desk.world.add_card(number, summary=f"{number}: made by hand", **work)
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    assert card.key == key
    [row] = desk.outbox("kind = 'create_card'")
    assert (row["state"], row["target"], row["result"]["already"]) == ("done", key, True)
    # It is theirs: it gets what the board knows it by, and links.
    assert {name: getattr(card, name) for name in work} == {**work, "labels": ["theirs", "field"]}
    assert (card.watchers, len(card.links)) == ([], 1)
    others = desk.outbox("waits_for is not null")
    assert {r["kind"] for r in others if r["state"] == "withdrawn"} == {
        "sprint",
        "assign",
        "transition",
        "watch",
    }
    assert {r["state"] for r in others if r["kind"] == "link"} == {"done"}


@pytest.mark.parametrize("moved", ["In Progress", "Done"])
@pytest.mark.parametrize("old", [False, True])
def test_a_card_that_somebody_moves_while_we_are_in_doubt_is_left(desk, clock, old, moved):
    use({"CASEBOARD_SOURCE_PATIENCE": "0"})
    number = desk.world.add_case(created=clock() - timedelta(days=40 * old))
    if old:
        desk.world.add_card(number, labels=[], status="Closed")
    desk.fill(full=True)
    desk.sandbox.faults.add(Fault("reset", "/transitions", method="POST", done=True))
    assert desk.run("portal2jira").state == "failed"
    desk.world.change_issue(desk.card(number).key, status=moved)
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == moved
    [row] = desk.outbox("kind in ('reopen', 'transition')")
    assert (row["state"], moved in row["told"]) == ("withdrawn", True)
    assert row["result"]["before"] == {"status": "Closed" if old else "New"}
    assert not desk.card(number).comments


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
    # Its mark is no markup.
    assert not set(comment.text) & set("[]{}|*_^~")
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
    number = desk.world.add_case(created=clock() - timedelta(days=40))
    key = desk.world.add_card(number, labels=[], status="Closed")
    desk.fill(full=True)
    assert desk.case(number).fe_jira_card is None
    bodies = []
    desk.sandbox.asked = lambda _, r: bodies.append(r.get_json()) if r.method == "PUT" else None
    assert desk.run("portal2jira").state == "finished"
    # Only what is added is told: others may give it a label at the same time.
    assert bodies == [{"update": {"labels": [{"add": "field"}]}}]
    card = desk.card(number)
    assert (card.key, card.status, card.labels) == (key, "To Do", ["field"])
    desk.run("cards")
    assert desk.case(number).fe_jira_card == key


def test_cards_to_be_taken_up_are_held_too_when_they_are_too_many(desk, clock):
    use({"CASEBOARD_MAX_TO_CREATE": "1"})
    numbers = [desk.world.add_case(created=clock() - timedelta(days=40)) for _ in range(2)]
    for number in numbers:
        desk.world.add_card(number, labels=[], status="Closed")
    desk.fill(full=True)
    assert "2 cards would be" in desk.run("portal2jira").row.notes[0]
    assert [desk.card(number).status for number in numbers] == ["Closed"] * 2
    assert set(desk.states().values()) == {"held"}


def test_a_card_that_others_took_up_before_gets_no_comment(desk, clock):
    number = desk.world.add_case(created=clock() - timedelta(days=40))
    desk.world.add_card(number, labels=[], status="In Progress", sprint=3)
    desk.fill(full=True)
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    assert (card.status, card.sprint, card.labels, card.comments) == (
        "In Progress", 3, ["field"], []
    )  # fmt: skip


def test_a_card_that_was_finished_again_since_is_left_alone(desk, clock):
    number = desk.world.add_case(created=clock() - timedelta(days=40))
    key = desk.world.add_card(number)
    steps = (
        lambda: desk.world.change_issue(key, status="Done"),
        lambda: desk.world.close_case(number),
        lambda: desk.world.reopen_case(number),
        lambda: desk.world.change_issue(key, status="In Progress"),
        lambda: desk.world.change_issue(key, status="Done"),
    )
    desk.fill(full=True)
    for step in steps:
        clock.pass_(hours=1)
        step()
        for name in ("cases", "cards"):
            assert desk.run(name).state == "finished"
    assert desk.value(
        "select count(*) from case_versions where case_number = :n and event = 'reopened'", n=number
    )
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "Done"
    assert not desk.outbox("case_number = :n", n=number)


@pytest.mark.parametrize("user", ["5f-nobody", "David Kim"])
def test_somebody_who_has_left_fails_only_the_assignment(desk, user):
    desk.sandbox.jira.writes.left.add("David Kim")
    use({"CASEBOARD_TEAM": f'[{{"name": "David Kim", "jira_user": "{user}"}}]'})
    number = desk.arrive()
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    assert (card.status, card.assignee, len(card.links)) == ("To Do", None, 1)
    failed = desk.outbox("state = 'failed'")
    assert {row["kind"] for row in failed} == {"assign", "watch"}
    desk.sandbox.jira.writes.left.clear()
    if user == "David Kim":
        assert deciding.again_all("ana").done
        desk.run("portal2jira")
        assert (card.assignee, card.watchers) == ("David Kim", ["David Kim"])


def test_without_an_active_sprint_cards_go_into_none(desk):
    writes = desk.sandbox.jira.writes
    # The board is on the second page of all that have its name in theirs.
    writes.boards = {100 + n: f"{BOARD_NAME} {n}" for n in range(60)} | {BOARD: BOARD_NAME}
    writes.sprints = []
    number = desk.arrive()
    ran = desk.run("portal2jira")
    assert (ran.state, "has no active sprint" in ran.row.notes[0]) == ("finished", True)
    assert (desk.card(number).status, desk.card(number).sprint) == ("To Do", None)
    writes.sprints = [ACTIVE_SPRINT]
    assert desk.run("portal2jira").row.notes == []


def test_names_of_a_status_are_one_however_they_are_written(desk, monkeypatch):
    monkeypatch.setattr(cards, "TO_DO", "TO DO")
    number = desk.arrive()
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "To Do"


def test_a_description_cannot_end_its_frame(desk):
    number = desk.arrive(description="x {noformat} *bold* {noformat:title=a|b} {NoFormat}")
    desk.run("portal2jira")
    text = desk.card(number).description
    assert len(re.findall(r"\{noformat[^}]*\}", text, re.IGNORECASE)) == 2


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
    # What JIRA said may hold words of a case.
    assert (entry.outcome, entry.target, entry.reason) == ("refused", number, "refused (400)")


def test_a_search_that_lags_makes_no_second_card(desk, monkeypatch):
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
