"""Cards have the priority of their case, bugs our tags: once, and never over what others wrote."""

import pytest

from app.settings import use
from etl.outbound.tags import lacking
from etl.sandbox.faults import Fault
from etl.sandbox.model import Issue

pytestmark = pytest.mark.database


def carded(desk, **fields):
    """A case with a card of priority Normal, on the board."""
    number = desk.world.add_case(**fields)
    key = desk.world.add_card(number)
    for name in ("cases", "details", "cards"):
        assert desk.run(name).state == "finished"
    return number, key


def product_issue(desk, **fields):
    now = desk.world.now()
    return desk.world.issues.make(now, Issue("PROD", "A bug", now, now, **fields))


def test_a_card_follows_the_severity_of_its_case(desk, clock):
    number, key = carded(desk, severity=1)
    assert desk.run("priority").state == "finished"
    assert desk.card(number).priority == "Critical"
    [row] = desk.outbox("sync = 'priority' and target = :k", k=key)
    assert (row["before"], row["after"]) == ({"priority": "Normal"}, {"priority": "Critical"})
    assert "1 (Urgent)" in row["reason"]
    writes = desk.sandbox.requests["jira"]
    desk.run("priority")
    assert len(desk.outbox("target = :k", k=key)) == 1
    assert desk.sandbox.requests["jira"] - writes == 2
    # Back and forth is another act each time.
    for severity, priority in ((4, "Minor"), (1, "Critical")):
        clock.pass_(hours=1)
        desk.world.change_case(number, severity=severity)
        for name in ("cases", "cards", "priority"):
            assert desk.run(name).state == "finished"
        assert desk.card(number).priority == priority
    assert [r["state"] for r in desk.outbox("target = :k", k=key)] == ["done"] * 3


def test_a_priority_that_somebody_has_just_changed_is_left(desk):
    number, key = carded(desk, severity=1)
    desk.world.change_issue(key, priority="Minor")
    assert desk.run("priority").state == "finished"
    assert desk.card(number).priority == "Minor"
    [row] = desk.outbox("target = :k", k=key)
    assert row["state"] == "withdrawn"
    assert "Minor by now" in row["told"]


def test_finished_cards_and_unknown_severities_are_left_alone(desk):
    number, key = carded(desk, severity=1)
    other, _ = carded(desk, severity=None)
    desk.world.change_issue(key, status="Done")
    desk.run("cards")
    desk.run("priority")
    assert not desk.outbox("case_number in (:a, :b)", a=number, b=other)


@pytest.mark.parametrize("rest", [True, False])
def test_bugs_are_tagged_once_beside_what_stands_there(desk, rest):
    desk.sandbox.bugzilla.rest = rest
    bug, other = list(desk.world.bugs.by_id)[:2]
    desk.world.change_bug(bug, internal_whiteboard="seen, telco")
    desk.world.restrict_bug(other)
    issue = product_issue(desk, private_keywords="Old <one>")
    number = desk.world.add_case()
    for linked in (bug, other):
        desk.world.link_bug(number, linked)
    desk.world.link_issue(number, issue)
    for name in ("cases", "details", "bugs", "issues"):
        assert desk.run(name).state == "finished"
    ran = desk.run("tags")
    assert (ran.state, ran.error) == ("finished", None)
    assert desk.world.bugs.get(bug).internal_whiteboard == "seen, telco Telco:Case"
    assert desk.world.bugs.get(other).internal_whiteboard == ""
    assert desk.world.issues.get(issue).private_keywords == "Old <one> Telco Telco:Case"
    [row] = desk.outbox("target = :b", b=str(bug))
    assert row["before"] == {"text": "seen, telco"}
    assert number in row["reason"]
    # Whoever takes it off has decided so.
    desk.world.change_bug(bug, internal_whiteboard="seen")
    desk.run("tags")
    assert desk.world.bugs.get(bug).internal_whiteboard == "seen"


def test_an_answer_that_is_lost_tags_no_bug_twice(desk):
    bug = next(iter(desk.world.bugs.by_id))
    number = desk.world.add_case()
    desk.world.link_bug(number, bug)
    for name in ("cases", "details", "bugs"):
        desk.run(name)
    desk.sandbox.faults.add(Fault("reset", "/rest/bug/", method="PUT", done=True))
    ran = desk.run("tags")
    assert ran.state == "failed", (desk.outbox(), desk.sandbox.faults)
    assert desk.run("tags").state == "finished"
    found = desk.world.bugs.get(bug)
    assert found.internal_whiteboard.split().count("Telco:Case") == 1
    written = [c for c in found.history if c.who == "caseboard@example.com"]
    assert len(written) == 1


def test_a_jira_without_the_field_leaves_bugzilla_alone(desk):
    use({"CASEBOARD_JIRA_FIELDS": '{"private_keywords": "No such field"}'})
    bug = next(iter(desk.world.bugs.by_id))
    number = desk.world.add_case()
    desk.world.link_bug(number, bug)
    desk.world.link_issue(number, product_issue(desk))
    for name in ("cases", "details", "bugs", "issues"):
        assert desk.run(name).state == "finished"
    ran = desk.run("tags")
    assert ran.state == "finished"
    assert "CASEBOARD_JIRA_FIELDS" in ran.row.notes[0]
    assert "Telco:Case" in desk.world.bugs.get(bug).internal_whiteboard


def test_what_lacks_goes_by_whole_words():
    assert lacking("Telco:Case; x", ["Telco", "Telco:Case"]) == ["Telco"]
    assert lacking("telco,TELCO:case", ["Telco", "Telco:Case"]) == []
