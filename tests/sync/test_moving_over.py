"""What the old system said ends where the live sources say it themselves."""

from datetime import timedelta

from app.database import transaction
from etl.load import load
from etl.records import Fact, Observation
from etl.runs import finish_run, start_run


def told_by_the_old_system(at, *numbers: str) -> None:
    run = start_run("t5g", "dump")
    facts = (Fact("escalated", "yes", at), Fact("escalation_link", "https://e/1", at))
    told = [Observation(1, number, facts, "case", "state", at, at) for number in numbers]
    with transaction() as connection:
        load(connection, run, "t5g", told)
        finish_run(connection, run)


def test_the_prio_list_of_the_old_system_ends_with_the_first_look_at_all_of_its_cards(desk, clock):
    desk.fill()
    card = desk.one(
        "select key, cases[1] as case from jira_cards where kind = 'escalation' limit 1"
    )
    clock.pass_(hours=1)
    desk.world.change_issue(card.key, status="Open")
    desk.run("escalations")
    escalated = card.case
    plain = desk.value("select min(case_number) from cases where escalated = 'no'")
    told_by_the_old_system(clock() - timedelta(minutes=5), plain, escalated)
    assert desk.case(plain).escalated == "yes"

    assert desk.run("escalations", full=True).state == "finished"
    after = desk.case(plain)
    assert (after.escalated, after.escalation_link) == ("no", None)
    # What JIRA says itself stays.
    assert desk.case(escalated).escalated == "yes"
    assert desk.case(escalated).escalation_link != "https://e/1"
    facts = desk.value("select count(*) from changes")
    desk.run("escalations", full=True)
    assert desk.value("select count(*) from changes") == facts
