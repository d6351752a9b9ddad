"""Bugzilla bugs that cases link, in batches, with the past of those that changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.database import transaction
from app.models import Bug
from etl.ahead import ahead
from etl.records import Record
from etl.run import Run
from etl.sources.bugzilla import BATCH, Bugzilla
from etl.sources.bugzilla_records import bug_records, changed_at, hidden_bug
from etl.syncs.issues import hidden_before, linked
from etl.syncs.sweep import batches


def work(run: Run) -> None:
    """Fetch the linked bugs."""
    keys = linked(run, "bugzilla")
    if not keys and not run.full:
        return
    bugzilla = Bugzilla(run)
    run.tell("bugs", 0, len(keys))
    hidden_in_all = 0
    for done, some in enumerate(batches(keys, BATCH)):
        hidden_in_all += fetch(run, bugzilla, some)
        run.tell("bugs", min(len(keys), (done + 1) * BATCH), len(keys))
    if hidden_in_all:
        run.note(f"Bugzilla does not show us {hidden_in_all:,} of the linked bugs.")


def fetch(run: Run, bugzilla: Bugzilla, keys: list[str]) -> int:
    """Load bugs by their ids, at most BATCH of them; tells how many Bugzilla does not show us."""
    bugs = bugzilla.bugs(keys)
    before = hidden_before("bugzilla", keys)
    unseen = [key for key in keys if key not in bugs and key not in before]
    # Each costs a request, and XML-RPC's client takes one at a time.
    at_once = run.settings.source_concurrency if bugzilla.is_rest else 1
    absent = dict(zip(unseen, ahead(bugzilla.why_hidden, unseen, at_once), strict=True))
    hidden = {key: why for key, why in absent.items() if why != "shown"}
    if len(hidden) < len(absent):
        run.note("Bugzilla left out bugs that it does show one by one.", partial=True)
    known = _known(keys)
    changed = [key for key, bug in bugs.items() if known.get(key) != changed_at(bug)]
    pasts = bugzilla.histories(changed)
    run.load(_records(bugs, pasts, hidden, bugzilla.door.now()))
    return len(hidden) + len(before - bugs.keys())


def _known(keys: list[str]) -> dict[str, datetime | None]:
    """When bugs changed last, as far as we know."""
    asked = select(Bug.key, Bug.updated_at).where(Bug.tracker == "bugzilla", Bug.key.in_(keys))
    with transaction() as connection:
        return {str(row.key): row.updated_at for row in connection.execute(asked)}


def _records(
    bugs: dict[str, dict[str, Any]],
    pasts: dict[str, list[dict[str, Any]]],
    hidden: dict[str, str],
    seen_at: datetime,
) -> Iterator[Record]:
    for position, (key, bug) in enumerate(bugs.items(), start=1):
        yield from bug_records(position, bug, pasts.get(key), seen_at)
    for position, (key, why) in enumerate(hidden.items(), start=len(bugs) + 1):
        yield hidden_bug(position, key, why, seen_at)
