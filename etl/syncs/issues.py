"""JIRA issues that cases link, in batches."""

from collections.abc import Iterator

from sqlalchemy import or_, select, text

from app.database import transaction
from app.models import Bug
from etl.records import Record
from etl.run import Run
from etl.sources.jira import PAGE, Jira
from etl.sources.jira_records import hidden_issue, issue_records
from etl.syncs.sweep import batches

# All that is linked; out of turn only what is not known yet.
LINKED = """
select distinct b.key
from case_bugs b
left join bugs k on k.tracker = b.tracker and k.key = b.key
where b.tracker = :tracker and b.unlinked_at is null
    and (:full or (k.updated_at is null and not coalesce(k.restricted, false)))
order by b.key
"""


def linked(run: Run, tracker: str) -> list[str]:
    """The keys of the bugs of a tracker that cases link."""
    with transaction() as connection:
        found = connection.execute(text(LINKED), {"tracker": tracker, "full": run.full})
        return list(found.scalars())


def hidden_before(tracker: str, keys: list[str]) -> set[str]:
    """Those of some bugs that their tracker did not show us when it was last asked."""
    asked = select(Bug.key).where(
        Bug.tracker == tracker, Bug.key.in_(keys), or_(Bug.restricted, Bug.gone_at.is_not(None))
    )
    with transaction() as connection:
        return set(connection.execute(asked).scalars())


def work(run: Run) -> None:
    """Fetch the linked issues."""
    keys = linked(run, "jira")
    if not keys and not run.full:
        return
    jira = Jira(run)
    run.tell("issues", 0, len(keys))
    hidden_in_all = 0
    for done, some in enumerate(batches(keys, PAGE)):
        hidden_in_all += len(fetch(run, jira, some))
        run.tell("issues", min(len(keys), (done + 1) * PAGE), len(keys))
    if hidden_in_all:
        run.note(f"JIRA does not show us {hidden_in_all:,} of the linked issues.")


def fetch(run: Run, jira: Jira, keys: list[str]) -> list[str]:
    """Load issues by their keys, at most PAGE of them; tells those that JIRA does not show us."""
    issues, hidden = jira.issues(keys, hidden_before("jira", keys))
    seen_at = jira.door.now()

    def records() -> Iterator[Record]:
        for position, issue in enumerate(issues, start=1):
            yield from issue_records(position, issue, jira.fields, seen_at)
        for position, key in enumerate(hidden, start=len(issues) + 1):
            yield hidden_issue(position, key, seen_at)

    run.load(records())
    return hidden
