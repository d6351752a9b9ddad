"""What writing back would do now: the plans of portal2jira, priority and tags.

A plan only reads. What the preview shows and what a run writes down are made here, by the same
function.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from app.database import transaction
from etl.errors import Refused
from etl.outbound import cards, tags
from etl.outbound.assignment import Assignment
from etl.outbound.cards import FINISHED, priority_of
from etl.outbound.intent import Act, Intent
from etl.outbound.jira_writer import JiraWriter
from etl.outbound.state import (
    OpenCase,
    PriorActs,
    begun,
    carried,
    linked_bugs,
    open_cases,
    prior_priorities,
    see_that_all_was_read,
    settled,
    undone_priorities,
)
from etl.run import Run


@dataclass(frozen=True, slots=True)
class Plan:
    """What is called for, and who can do it; `most_new` cards may be made without asking."""

    intents: list[Intent]
    acts: dict[str, Act]
    most_new: int | None = None


def portal2jira(run: Run) -> Plan:
    """Cards for open cases without one, and old cards taken up again."""
    see_that_all_was_read(("cases", "details", "cards"))
    settings, jira = run.settings, JiraWriter(run)
    with transaction() as connection:
        cases, load = open_cases(connection), carried(connection)
        made = begun(connection, [cards.card_key(case.number) for case in cases if not case.card])
        cases = [case for case in cases if cards.card_key(case.number) not in made]
        now = connection.execute(select(func.now())).scalar_one()
    run.tell("looking for earlier cards")
    earlier = jira.earlier(cards.old_without_card(cases, now))
    assignment, sprint = Assignment(settings.team, load), jira.active_sprint()
    if settings.jira_board and sprint is None:
        run.note(
            f"The board {settings.jira_board!r} has no active sprint: cards go into none. Start "
            "one in JIRA."
        )
    planned = cards.plan(cases, earlier, assignment, settings, sprint, now)
    return Plan(planned, jira.acts, settings.max_to_create)


def priority(run: Run) -> Plan:
    """Cards whose priority is not that of their case."""
    see_that_all_was_read(("cases", "cards"))
    with transaction() as connection:
        cases, undone = open_cases(connection), undone_priorities(connection)
        prior = prior_priorities(connection)
    wanted = [one for case in cases for one in _priority(case, prior)]
    # What somebody undid is not done again while it is as they left it.
    planned = [
        one
        for one in wanted
        if (one.target, (one.before or {})["priority"], one.after["priority"]) not in undone
    ]
    return Plan(planned, JiraWriter(run).acts)


def _priority(case: OpenCase, prior: dict[str, PriorActs]) -> list[Intent]:
    wanted = priority_of(case.severity)
    if not case.card or None in {case.severity, case.priority} or case.card_status == FINISHED:
        return []
    before = prior.get(case.card, PriorActs(0))
    # The board has not looked since, and so does not know what we did.
    if case.priority == wanted or before.unseen:
        return []
    return [
        Intent(
            # A change back and forth is another act each time; one that fails is not.
            key=f"priority:{case.card}:{case.priority}>{wanted}:{before.done + 1}",
            kind="priority",
            case=case.number,
            target=case.card,
            before={"priority": case.priority},
            after={"priority": wanted},
            reason=f"The case has severity {cards.SEVERITIES[case.severity or 3]}.",
        )
    ]


def tagging(run: Run) -> Plan:
    """Bugs and issues that open cases link and that lack our tags."""
    see_that_all_was_read(("cases", "details"))
    settings, wanted = run.settings, run.settings.bug_tags
    with transaction() as connection:
        bugs = linked_bugs(connection)
        # Without tags nothing is tagged; what was is undone all the same.
        keys = {tags.tag_key(bug, wanted): bug for bug in bugs if wanted}
        for key in settled(connection, list(keys)):
            del keys[key]
    texts: dict[tuple[str, str], str] = {}
    acts: dict[str, Act] = {}
    numbers = [bug.key for bug in keys.values() if bug.tracker == "bugzilla"]
    if settings.bugzilla_url:
        bugzilla = tags.BugzillaWriter(run)
        acts |= bugzilla.acts
        run.tell("reading whiteboards")
        texts |= {("bugzilla", n): t for n, t in bugzilla.whiteboards(numbers).items()}
    issues = [bug.key for bug in keys.values() if bug.tracker == "jira"]
    if settings.jira_url and settings.jira_token and settings.jira_fields.get("private_keywords"):
        jira = JiraWriter(run)
        acts |= jira.acts
        try:
            if issues:
                texts |= {("jira", key): t for key, t in jira.private_keywords(issues).items()}
        except Refused as fault:
            # Bugzilla's bugs are tagged all the same.
            run.note(str(fault))
    return Plan(tags.plan(list(keys.values()), texts, wanted), acts)


# The settings without which a plan cannot be made.
NEEDS: dict[str, tuple[str, ...]] = {
    "portal2jira": ("portal_url", "jira_url", "jira_token", "jira_project"),
    "priority": ("portal_url", "jira_url", "jira_token", "jira_project"),
    "tags": ("portal_url",),
}
PLANS: dict[str, Callable[[Run], Plan]] = {
    "portal2jira": portal2jira,
    "priority": priority,
    "tags": tagging,
}
