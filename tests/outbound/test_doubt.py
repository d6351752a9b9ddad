"""What is in doubt stays so until it was asked for; what fails keeps nothing else from being done."""

from datetime import timedelta

import pytest

from app import deciding
from app.settings import use
from etl.errors import Later
from etl.outbound import jira_writer
from etl.outbound.jira_writer import JiraWriter
from etl.sandbox.faults import Fault

pytestmark = pytest.mark.database

CREATE = "/rest/api/2/issue?"


def row_of(desk, number):
    [row] = desk.outbox("kind = 'create_card' and case_number = :n", n=number)
    return row


def later(desk, **span):
    """Let what left have left so much earlier."""
    desk.rows(
        "update outbox set sent_at = sent_at - cast(:by as interval) returning 1",
        by=str(timedelta(**span)),
    )


@pytest.fixture
def lagging(desk, monkeypatch):
    """A JIRA whose searches show nothing new, and a board that does not wait."""
    monkeypatch.setattr(jira_writer, "SETTLE_SECONDS", 300.0)
    use({"CASEBOARD_SOURCE_PATIENCE": "0"})
    desk.sandbox.jira.lag = timedelta(minutes=2)
    return desk


@pytest.mark.parametrize(
    ("kind", "is_done", "state"),
    [("500", True, "uncertain"), ("503", True, "uncertain"), ("429", False, "planned")],
)
def test_only_what_was_surely_turned_away_is_sent_again(lagging, kind, is_done, state):
    desk, number = lagging, lagging.arrive()
    desk.sandbox.faults.add(Fault(kind, CREATE, method="POST", done=is_done))
    assert desk.run("portal2jira").state == "failed"
    assert row_of(desk, number)["state"] == state
    assert (row_of(desk, number)["sent_at"] is None) is (state == "planned")
    desk.run("portal2jira")
    desk.sandbox.jira.lag = timedelta(0)
    later(desk, minutes=10)
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "To Do"


@pytest.mark.parametrize("kind", ["429", "500"])
def test_a_fault_of_asking_does_not_forget_what_left_before(lagging, kind):
    desk, number = lagging, lagging.arrive()
    desk.sandbox.faults.add(Fault("500", CREATE, method="POST", done=True))
    assert desk.run("portal2jira").state == "failed"
    left = row_of(desk, number)["sent_at"]
    desk.sandbox.faults.add(Fault(kind, "/search/jql"))
    assert desk.run("portal2jira").state == "failed"
    assert (row_of(desk, number)["state"], row_of(desk, number)["sent_at"]) == ("uncertain", left)
    desk.run("portal2jira")
    assert len(desk.cards_of(number)) == 1
    desk.sandbox.jira.lag = timedelta(0)
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "To Do"


def test_what_was_approved_stays_so_when_it_was_turned_away(desk):
    use({"CASEBOARD_MAX_TO_CREATE": "0", "CASEBOARD_SOURCE_PATIENCE": "0"})
    number = desk.arrive()
    desk.run("portal2jira")
    assert deciding.approve(10_000, "ana").done
    desk.sandbox.faults.add(Fault("429", CREATE, method="POST"))
    desk.run("portal2jira")
    assert row_of(desk, number)["state"] == "approved"
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "To Do"


def test_trying_again_does_not_forget_that_a_card_may_have_been_made(desk):
    number = desk.arrive()
    desk.run("portal2jira")
    desk.rows("update outbox set state = 'failed' returning 1")
    assert deciding.again(row_of(desk, number)["id"], "ana").done
    assert row_of(desk, number)["sent_at"]


def test_acts_that_fail_keep_no_others_from_being_done(desk, clock, monkeypatch):
    use({"CASEBOARD_SOURCE_PATIENCE": "0"})
    poison = [desk.world.add_case(created=clock() - timedelta(days=20)) for _ in range(3)]
    old = desk.world.add_case(created=clock() - timedelta(days=16))
    desk.world.add_card(old, labels=[], status="Closed")
    good = [desk.world.add_case() for _ in range(2)]
    desk.fill(full=True)
    real = JiraWriter.create_card

    def create(self, entry):
        if entry.case in poison:
            raise Later("JIRA breaks off at this one.")
        return real(self, entry)

    monkeypatch.setattr(JiraWriter, "create_card", create)
    ran = desk.run("portal2jira")
    # Cards are not made any more in this run, but one is taken up again.
    assert (ran.state, desk.card(old).status) == ("failed", "To Do")
    # What was tried least comes first.
    assert desk.run("portal2jira").state == "failed"
    assert all(desk.card(number).status == "To Do" for number in good)
    assert {row_of(desk, number)["state"] for number in poison} == {"planned"}


def test_what_is_not_understood_is_the_fault_of_one_act(desk, monkeypatch):
    odd, good = desk.arrive(), desk.arrive()
    real = JiraWriter.create_card

    def create(self, entry):
        return {}["key"] if entry.case == odd else real(self, entry)

    monkeypatch.setattr(JiraWriter, "create_card", create)
    assert desk.run("portal2jira").state == "finished"
    assert "not understood (KeyError" in row_of(desk, odd)["told"]
    assert desk.card(good).status == "To Do"
    # What hangs on it cannot be done, and is not looked at again and again.
    assert desk.run("portal2jira").row.seen == 0


@pytest.mark.parametrize(("kind", "asked"), [("401", 2), ("403", 3)])
def test_what_we_may_not_do_is_left_to_be_done(desk, kind, asked):
    numbers = [desk.world.add_case() for _ in range(5)]
    desk.fill()
    posted = []
    desk.sandbox.asked = lambda _, r: posted.append(r.path) if r.method == "POST" else None
    desk.sandbox.faults.add(Fault(kind, CREATE, method="POST", times=None))
    ran = desk.run("portal2jira")
    assert (ran.state, f"JIRA answered {kind}" in ran.error) == ("failed", True)
    assert posted.count("/rest/api/2/issue") == asked
    assert set(desk.states().values()) == {"planned"}
    desk.sandbox.faults.clear()
    assert desk.run("portal2jira").state == "finished"
    assert all(desk.card(number).status == "To Do" for number in numbers)


def test_all_that_failed_is_tried_again_but_no_message_in_doubt(desk):
    use({"CASEBOARD_JIRA_COMPONENT": "No such thing"})
    numbers = [desk.world.add_case() for _ in range(2)]
    desk.fill()
    desk.run("portal2jira")
    desk.rows(
        "insert into outbox (key, sync, kind, after, reason, state, sent_at) "
        "values ('m', 'notices', 'mail', '{}', '', 'failed', now()) returning 1"
    )
    use({"CASEBOARD_JIRA_COMPONENT": "Field", "CASEBOARD_READ_ONLY": "true"})
    assert not deciding.again_all("ana").done
    assert deciding.again(row_of(desk, numbers[0])["id"], "ana").told == deciding.READ_ONLY
    use({"CASEBOARD_READ_ONLY": "false"})
    assert deciding.again_all("ana").told == "2 acts are tried again."
    assert desk.run("portal2jira").state == "finished"
    assert all(desk.card(number).components == ["Field"] for number in numbers)
    assert desk.outbox("key = 'm'")[0]["state"] == "failed"


def test_a_card_that_was_made_by_a_request_turned_away_is_ours_all_the_same(desk):
    use({"CASEBOARD_SOURCE_PATIENCE": "0"})
    number = desk.arrive()
    desk.sandbox.faults.add(Fault("429", CREATE, method="POST", done=True))
    assert desk.run("portal2jira").state == "failed"
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    assert (card.status, card.watchers) == ("To Do", [card.assignee])
    assert set(desk.states().values()) == {"done"}
