"""Cards have the priority of their case, bugs our tags: once, and never over what others wrote."""

import pytest

from app import deciding
from app.settings import get_settings, use
from etl.outbound.preview import preview
from etl.outbound.tags import _line, lacking
from etl.sandbox import bugzilla
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


def test_a_priority_that_we_may_not_set_is_one_act_however_long(desk, clock):
    number, key = carded(desk, severity=1)
    desk.sandbox.faults.add(Fault("404", f"/issue/{key}", method="PUT", times=None))
    desk.run("priority")
    clock.pass_(hours=1)
    desk.world.change_issue(key, summary=f"{number}: by another name")
    desk.run("cards")
    desk.run("priority")
    assert [row["state"] for row in desk.outbox("target = :k", k=key)] == ["failed"]


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


def linked_issues(desk, number_of_them=3, **fields):
    """Issues that an open case links, known to the board."""
    number = desk.world.add_case()
    keys = [product_issue(desk, **fields) for _ in range(number_of_them)]
    for key in keys:
        desk.world.link_issue(number, key)
    for name in ("cases", "details", "issues"):
        assert desk.run(name).state == "finished"
    return keys


def test_an_issue_without_the_field_keeps_no_others_from_being_tagged(desk):
    first, *others = linked_issues(desk)
    desk.sandbox.jira.without_keywords.add(first)
    ran = desk.run("tags")
    assert (ran.state, ran.row.notes) == ("finished", [])
    words = [desk.world.issues.get(key).private_keywords for key in (first, *others)]
    assert words == [None, *["Telco Telco:Case"] * 2]


@pytest.mark.parametrize(
    ("is_told", "before", "after"),
    [
        (True, "Old <one>\n  two", "Old <one>\n  two Telco Telco:Case"),
        (False, "Old <one>\n  two", "Old <one>\n  two"),
        (False, "Old & one", "Old & one Telco Telco:Case"),
    ],
)
def test_keywords_are_written_only_over_words_that_are_surely_known(desk, is_told, before, after):
    desk.sandbox.jira.tells_keywords = is_told
    [key] = linked_issues(desk, 1, private_keywords=before)
    assert desk.run("tags").state == "finished"
    assert desk.world.issues.get(key).private_keywords == after


@pytest.mark.parametrize("kind", ["cloud", "datacenter"])
def test_keywords_are_asked_for_many_issues_at_once(desk, kind):
    linked_issues(desk)
    desk.sandbox.paths.clear()
    if kind == "datacenter":
        desk.sandbox.jira.is_cloud = desk.sandbox.jira.writes.is_cloud = False
        use({"CASEBOARD_JIRA_KIND": "datacenter", "CASEBOARD_JIRA_USERNAME": ""})
    assert len(preview("tags", get_settings())) >= 3
    asked = {
        path: n for path, n in desk.sandbox.paths.items() if "/issue" in path or "search" in path
    }
    assert sum(asked.values()) == 1


def test_a_bug_without_a_whiteboard_is_left_alone(desk, monkeypatch):
    bug = next(iter(desk.world.bugs.by_id))
    desk.world.change_bug(bug, internal_whiteboard="precious")
    number = desk.world.add_case()
    desk.world.link_bug(number, bug)
    for name in ("cases", "details", "bugs"):
        desk.run(name)
    desk.sandbox.bugzilla.has_whiteboard = False
    assert desk.run("tags").state == "finished"
    assert not desk.outbox("target = :b", b=str(bug))
    # Under the name that the field had before it is read as well.
    use({"CASEBOARD_BUGZILLA_WHITEBOARD": "internal_whiteboard"})
    assert _line({"cf_internal_whiteboard": " a  b "}, "internal_whiteboard") == "a b"
    assert _line({"whiteboard": None}, "status_whiteboard") == ""
    assert _line({"summary": "x"}, "whiteboard") is None


@pytest.mark.parametrize("version", ["5.0.4", "5.1.2"])
def test_minor_updates_are_asked_for_where_they_are_known(desk, monkeypatch, version):
    monkeypatch.setattr(bugzilla, "VERSION", version)
    bodies = []
    desk.sandbox.asked = lambda _, r: bodies.append(r.get_json()) if r.method == "PUT" else None
    bug = next(iter(desk.world.bugs.by_id))
    number = desk.world.add_case()
    desk.world.link_bug(number, bug)
    for name in ("cases", "details", "bugs", "tags"):
        desk.run(name)
    assert [body.get("minor_update") for body in bodies] == [None if version == "5.0.4" else True]


def test_tags_are_taken_off_again_when_nothing_is_tagged_any_more(desk):
    bug = next(iter(desk.world.bugs.by_id))
    number = desk.world.add_case()
    desk.world.link_bug(number, bug)
    for name in ("cases", "details", "bugs", "tags"):
        desk.run(name)
    [row] = desk.outbox("target = :b", b=str(bug))
    use({"CASEBOARD_BUG_TAGS": ""})
    assert deciding.undo(row["id"], "ana").done
    assert desk.run("tags").state == "finished"
    assert desk.world.bugs.get(bug).internal_whiteboard == ""


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
