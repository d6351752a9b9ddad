"""What is to be done is shown beforehand, decided by an admin, told in the story, and undone."""

from datetime import UTC, datetime, timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import text

from app import database, deciding, outbox
from app.cli import main
from app.database import plain, snapshot
from app.rows import records
from app.settings import get_settings, use
from app.story import story
from components.outboxtable import held_alarm, outbox_cards
from etl.outbound.jira_lookup import JiraLookup
from etl.outbound.preview import preview
from etl.sandbox.faults import Fault
from etl.syncs import preview as previews

pytestmark = pytest.mark.database


def held(desk, number=3):
    use({"CASEBOARD_MAX_TO_CREATE": str(number - 1)})
    numbers = [desk.world.add_case() for _ in range(number)]
    for name in ("cases", "details"):
        desk.run(name)
    return numbers


def test_the_preview_says_exactly_what_happens(desk):
    number = desk.arrive(severity=2)
    use({"CASEBOARD_READ_ONLY": "true"})
    asked = desk.sandbox.requests["jira"]
    told = preview("portal2jira", get_settings())
    assert desk.sandbox.requests["jira"] > asked
    assert not desk.outbox()
    assert not desk.cards_of(number)
    assert preview("portal2jira", get_settings()) == told
    use({"CASEBOARD_READ_ONLY": "false"})
    desk.run("portal2jira")
    happened = [(r["key"], r["kind"], r["before"], r["after"], r["reason"]) for r in desk.outbox()]
    assert happened == [(o.key, o.kind, o.before, o.after, o.reason) for o in told]
    assert preview("portal2jira", get_settings()) == []


def test_the_command_tells_and_approves(desk, capsys):
    numbers = held(desk)
    assert main(["outbound", "preview", "portal2jira"]) == 0
    told = capsys.readouterr().out
    assert all(f"[held] case {number}: Make a card" in told for number in numbers)
    desk.run("portal2jira")
    assert main(["outbound", "list"]) == 0
    assert "held" in capsys.readouterr().out
    assert main(["outbound", "approve"]) == 0
    assert "3 cards are approved" in capsys.readouterr().out
    assert main(["outbound", "approve"]) == 1
    assert desk.run("portal2jira").state == "finished"
    assert all(desk.card(number).status == "To Do" for number in numbers)
    assert main(["outbound", "again", "all"]) == 1
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["outbound", "again", "some"])
    assert "'some' is neither the id of an act nor all" in capsys.readouterr().err
    entry = desk.one("select * from audit_log where act = 'outbox_approve'")
    assert (entry.actor, entry.detail["cards"]) == ("caseboard", 3)


def test_only_what_was_shown_is_approved(desk):
    numbers = held(desk)
    desk.run("portal2jira")
    with snapshot() as connection:
        _, cards, last, _ = outbox.counted(connection)
    assert cards == 3
    late = desk.world.add_case()
    desk.run("cases")
    desk.run("details")
    use({"CASEBOARD_MAX_TO_CREATE": "0"})
    desk.run("portal2jira")
    assert deciding.approve(last, "ana").done
    desk.run("portal2jira")
    assert all(desk.cards_of(number) for number in numbers)
    assert not desk.cards_of(late)
    assert desk.states()[f"card:{late}"] == "held"


def test_what_comes_back_or_changes_is_new_to_whoever_approves(desk):
    use({"CASEBOARD_TEAM": '[{"name": "Alice Moreau", "jira_user": "Alice Moreau"}]'})
    numbers = held(desk, 4)
    desk.run("portal2jira")
    with snapshot() as connection:
        _, _, last, _ = outbox.counted(connection)
    desk.world.close_case(numbers[0])
    desk.run("cases")
    use({"CASEBOARD_MAX_TO_CREATE": "0"})
    desk.run("portal2jira")
    desk.world.reopen_case(numbers[0])
    desk.world.change_case(numbers[1], severity=1)
    desk.run("cases")
    desk.run("portal2jira")
    assert deciding.approve(last, "ana").told.startswith("2 cards")
    desk.run("portal2jira")
    for number in numbers[:2]:
        assert not desk.cards_of(number)
        assert desk.states()[f"card:{number}"] == "held"
    assert all(desk.card(number).status == "To Do" for number in numbers[2:])
    with snapshot() as connection:
        assert outbox.counted(connection)[2] > last


def test_nothing_is_decided_while_it_is_read_only(desk):
    held(desk)
    desk.run("portal2jira")
    use({"CASEBOARD_READ_ONLY": "true"})
    assert deciding.approve(10_000, "ana").told == deciding.READ_ONLY
    assert deciding.undo(1, "ana").told == deciding.READ_ONLY
    assert set(desk.states().values()) == {"held"}


def test_what_failed_is_tried_again_when_somebody_says_so(desk):
    number = desk.arrive()
    use({"CASEBOARD_JIRA_COMPONENT": "No such thing"})
    desk.run("portal2jira")
    [row] = desk.outbox("state = 'failed'")
    use({"CASEBOARD_JIRA_COMPONENT": "Field"})
    assert not deciding.again(row["id"] + 1, "ana").done
    assert deciding.again(row["id"], "ana").done
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).components == ["Field"]
    [row] = desk.outbox("kind = 'create_card'")
    assert (row["state"], row["after"]["component"], row["decided_by"]) == ("done", "Field", "ana")


def test_what_was_done_is_undone_where_the_tracker_allows_it(desk, clock):
    number = desk.world.add_case(severity=1)
    key = desk.world.add_card(number)
    bug = next(iter(desk.world.bugs.by_id))
    desk.world.change_bug(bug, internal_whiteboard="seen")
    desk.world.link_bug(number, bug)
    other = desk.world.add_case()
    desk.fill()
    for name in ("portal2jira", "priority", "tags"):
        assert desk.run(name).state == "finished"
    card, made = desk.card(number), desk.card(other)
    assert card.priority == "Critical"
    done = {row["key"]: row["id"] for row in desk.outbox()}
    for name, undoable in (
        ("priority:", True), ("tag:bugzilla:", True), ("status:", True), ("watch:", True),
        ("link:", True), ("card:", False),
    ):  # fmt: skip
        [row] = [number for key, number in done.items() if key.startswith(name)][-1:]
        assert deciding.undo(row, "ana").done is undoable, name
        assert not deciding.undo(row, "ana").done
    for name in ("portal2jira", "priority", "tags"):
        assert desk.run(name).state == "finished"
    assert card.priority == "Normal"
    assert desk.world.bugs.get(bug).internal_whiteboard == "seen"
    assert made.status == "New"
    assert made.watchers == []
    assert made.links == []
    # And it stays so.
    clock.pass_(hours=1)
    desk.fill()
    for name in ("portal2jira", "priority", "tags"):
        assert desk.run(name).state == "finished"
    assert card.priority == "Normal"
    assert key == card.key


def test_what_was_there_before_a_lost_answer_comes_back(desk):
    use({"CASEBOARD_SOURCE_PATIENCE": "0"})
    number = desk.arrive()
    desk.sandbox.faults.add(Fault("reset", "/transitions", method="POST", done=True))
    assert desk.run("portal2jira").state == "failed"
    assert desk.run("portal2jira").state == "finished"
    [row] = desk.outbox("kind = 'transition'")
    assert deciding.undo(row["id"], "ana").done
    desk.run("portal2jira")
    assert desk.card(number).status == "New"
    # Of what nobody knows how it was, nobody offers to put it back.
    other = desk.arrive()
    desk.run("portal2jira")
    [row] = desk.rows(
        "update outbox set result = '{}' where kind = 'transition' and case_number = :n returning id",
        n=other,
    )
    assert "cannot be undone" in deciding.undo(row.id, "ana").told
    with snapshot() as connection:
        told = records(outbox.ended(connection))
    assert not deciding.can_be_undone(next(one for one in told if one["id"] == row.id))


def test_what_was_changed_since_is_not_undone(desk):
    number = desk.world.add_case(severity=1)
    key = desk.world.add_card(number)
    desk.fill()
    desk.run("priority")
    [row] = desk.outbox("target = :k", k=key)
    desk.world.change_issue(key, priority="Minor")
    assert deciding.undo(row["id"], "ana").done
    desk.run("priority")
    assert desk.card(number).priority == "Minor"
    [undoing] = desk.outbox("undoes is not null")
    assert undoing["state"] == "withdrawn"
    with snapshot() as connection:
        assert "done; not undone, it was changed since" in str(outbox_cards(connection, "UTC"))
    # When it is as we left it once more, it can be asked for once more.
    desk.world.change_issue(key, priority="Critical")
    assert deciding.undo(row["id"], "ana").done
    with snapshot() as connection:
        assert "done; to be undone" in str(outbox_cards(connection, "UTC"))
    desk.run("priority")
    assert desk.card(number).priority == "Normal"
    with snapshot() as connection:
        assert "'undone'" in str(outbox_cards(connection, "UTC"))


def test_the_story_of_the_case_tells_it(desk, client):
    number = desk.arrive()
    before = datetime.now(UTC)
    desk.run("portal2jira")
    now = datetime.now(UTC) + timedelta(minutes=1)
    with snapshot() as connection:
        acts = [e for e in plain(connection, story(number, now)) if e["kind"] == "acts"]
        earlier = [e for e in plain(connection, story(number, before)) if e["kind"] == "acts"]
    assert not earlier
    assert {e["field"] for e in acts} == {
        "create_card",
        "sprint",
        "assign",
        "transition",
        "link",
        "watch",
    }
    assert {e["key"] for e in acts} == {desk.card(number).key}
    assert {e["source"] for e in acts} == {"caseboard"}
    told = client.get(f"/api/v1/cases/{number}/history?kind=acts").get_json()
    assert len(told["items"]) == len(acts)
    assert told["kinds"]["acts"] == len(acts)


def test_the_page_shows_it_and_asks_an_admin(desk):
    def shown():
        with snapshot() as connection:
            return str([*held_alarm(connection), *outbox_cards(connection, "UTC")])

    use({"CASEBOARD_READ_ONLY": "true"})
    assert "CASEBOARD_READ_ONLY is true" in shown()
    numbers = held(desk)
    assert desk.run("preview").state == "finished"
    told = shown()
    assert all(f"{number}: Added by hand" in told for number in numbers)
    assert "portal2jira: 18 acts; priority: 0 acts; tags: " in told
    assert "has the least to do of the team" in told
    assert not desk.outbox()
    use({"CASEBOARD_READ_ONLY": "false"})
    desk.run("portal2jira")
    told = shown()
    assert "3 cards are held" in told
    for number in numbers:
        assert f"/cases/{number}'), ' Normal, to " in told
    assert "'deed': 'approve'" in told
    with database.transaction() as connection:
        last = connection.execute(text("select max(id) from outbox")).scalar_one()
    deciding.approve(last, "ana")
    desk.run("portal2jira")
    told = shown()
    assert "'deed': 'undo'" in told
    assert "'deed': 'approve'" not in told


def test_all_cards_that_are_held_are_listed_and_no_more_is_read_than_is_shown(desk):
    use({"CASEBOARD_MAX_TO_CREATE": "0"})
    numbers = [desk.world.add_case(description="x" * 9_000, summary="y" * 200) for _ in range(18)]
    for name in ("cases", "details", "portal2jira"):
        desk.run(name)
    with snapshot() as connection:
        pending = records(outbox.pending(connection))
        alarm = str(held_alarm(connection))
    # More acts than the table has lines.
    assert len({row["case_number"] for row in pending}) < len(numbers) == alarm.count("/cases/")
    values = [v for row in pending for told in (row["before"], row["after"]) for v in told.items()]
    assert {name for name, _ in values} <= set(outbox.TOLD)
    assert max(len(value) for _, value in values) == outbox.LONGEST_VALUE + 1


def test_several_that_failed_are_tried_again_with_one_press(desk):
    use({"CASEBOARD_JIRA_COMPONENT": "No such thing"})
    for _ in range(2):
        desk.world.add_case()
    for name in ("cases", "details", "portal2jira"):
        desk.run(name)
    with snapshot() as connection:
        told = str(outbox_cards(connection, "UTC"))
    assert "2 acts have failed" in told
    assert "'deed': 'all'" in told


def test_a_preview_that_takes_too_long_keeps_what_it_has(desk, monkeypatch):
    number, real = desk.arrive(), preview

    def slow(name, settings, within):
        if name == "priority":
            raise SoftTimeLimitExceeded
        return real(name, settings, within)

    monkeypatch.setattr(previews, "preview", slow)
    ran = desk.run("preview")
    # What the plans asked for counts as asked by the run.
    assert (ran.state, ran.row.requests) == ("partial", ran.requests)
    assert ran.row.requests > 0
    with snapshot() as connection:
        told = outbox.previewed(connection)["syncs"]
    assert number in str(told["portal2jira"]["acts"])
    assert told["priority"]["fault"] == told["tags"]["fault"] == previews.TOO_LONG


def test_a_preview_that_cannot_be_made_says_why(desk):
    use({"CASEBOARD_JIRA_BOARD": "No such board"})
    ran = desk.run("preview")
    assert ran.state == "finished"
    assert "CASEBOARD_JIRA_BOARD" in ran.row.notes[0]
    with snapshot() as connection:
        told = outbox.previewed(connection)["syncs"]
    assert "CASEBOARD_JIRA_BOARD" in told["portal2jira"]["fault"]
    assert told["priority"]["fault"] is None


def test_the_doctor_tells_whether_writing_back_can_begin(desk, monkeypatch):
    from etl.checkup import findings

    def told():
        return {what: (level, words) for what, level, words in findings(get_settings())}[
            "writing back"
        ]

    asked = []
    desk.sandbox.asked = lambda _, request: asked.append(request.method)
    assert told() == ("ok", "cards go into the sprint Field Sprint 12, to 6 people")
    use({"CASEBOARD_TEAM": "[]"})
    assert told()[0] == "warning"
    use({"CASEBOARD_JIRA_BOARD": "Field"})
    level, words = told()
    assert level == "wrong"
    assert "CASEBOARD_JIRA_BOARD" in words
    use({"CASEBOARD_JIRA_BOARD": "Field Board"})
    desk.sandbox.jira.writes.sprints = []
    assert "no sprint (the board has none)" in told()[1]
    monkeypatch.setattr(JiraLookup, "active_sprint", lambda _: {}["values"])
    assert told() == ("wrong", "an answer that is not understood (KeyError)")
    use({"CASEBOARD_READ_ONLY": "true"})
    assert told()[0] == "unset"
    assert "PUT" not in asked
