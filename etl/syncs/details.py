"""Details of cases: critical situation, group, relief, comments, links. One request per case."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from app.database import transaction
from etl.ahead import ahead
from etl.errors import Later, Malformed, Missing
from etl.records import Record, canonical_instant
from etl.run import Run
from etl.sources.portal import Portal
from etl.sources.portal_records import detail_records, linked_issues
from etl.sources.texts import instant

BATCH = 100
MOST_FAULTS = 5
# A closed case that nobody has touched for so long is at rest.
REST_DAYS = 7

DUE = """
select c.case_number, c.last_update,
    c.closed_date is not null
        and c.last_update < :now - make_interval(days => :rest) as at_rest
from cases c
left join case_details d on d.case_number = c.case_number
where c.source = 'portal' and c.gone_at is null
    and (d.told_at is null or d.told_at < c.last_update
        or (:full and not d.stable))
order by c.closed_date is not null, c.last_update desc, c.case_number
"""

REMEMBER = """
insert into case_details as known (case_number, told_at, stable)
values (:number, :told_at, :stable)
on conflict (case_number) do update
    set told_at = excluded.told_at, stable = excluded.stable
    where (known.told_at, known.stable) is distinct from (excluded.told_at, excluded.stable)
"""


@dataclass(frozen=True, slots=True)
class _Due:
    number: str
    updated: datetime
    at_rest: bool


@dataclass(frozen=True, slots=True)
class _Told:
    due: _Due
    details: dict[str, Any]
    issues: list[str] | None
    seen_at: datetime


def work(run: Run) -> None:
    """Fetch the details of cases that changed; when full, of all that are not at rest."""
    portal = Portal(run)
    due = _due(run)
    hidden = stumbled = done = 0
    run.tell("details", 0, len(due))
    at_once = run.settings.source_concurrency
    with closing(ahead(lambda case: _fetch(portal, case), due, at_once)) as answers:
        while batch := _batch(answers):
            told = [answer for answer in batch if isinstance(answer, _Told)]
            hidden += batch.count(None)
            stumbled += sum(isinstance(answer, Later) for answer in batch)
            run.load(_records(told), partial(_remember, answers=told))
            done += len(batch)
            run.tell("details", done, len(due))
    if hidden:
        run.note(
            f"The portal does not show us the details of {hidden:,} cases; what was known stays."
        )
    if stumbled:
        run.note(f"The details of {stumbled:,} cases could not be read.", partial=True)


def _batch(answers: "Iterator[_Told | Later | None]") -> "list[_Told | Later | None]":
    """The next answers, at most BATCH; Later as soon as the portal stumbles over too many."""
    batch: list[_Told | Later | None] = []
    faults = 0
    for answer in islice(answers, BATCH):
        batch.append(answer)
        faults += isinstance(answer, Later)
        if isinstance(answer, Later) and faults > MOST_FAULTS:
            raise answer
    return batch


def _due(run: Run) -> list[_Due]:
    asked = {"full": run.full, "now": datetime.now(UTC), "rest": REST_DAYS}
    with transaction() as connection:
        return [_Due(*row) for row in connection.execute(text(DUE), asked)]


def _fetch(portal: Portal, due: _Due) -> "_Told | Later | None":
    try:
        details = portal.details(due.number)
        issues = linked_issues(details)
        if issues is None:
            issues = _asked_issues(portal, due.number)
    except Missing:
        return None
    except Later as fault:
        # One case that the portal stumbles over must not keep us from all others.
        return fault
    return _Told(due, details, issues, portal.door.now())


def _asked_issues(portal: Portal, number: str) -> list[str] | None:
    try:
        # An answer that is empty by mistake would take the links away: asked twice.
        told = portal.issues(number) or portal.issues(number)
    except Missing:
        return None
    return [str(issue["resourceKey"]) for issue in told if issue.get("resourceKey")]


def _records(answers: list[_Told]) -> Iterator[Record]:
    for position, told in enumerate(answers, start=1):
        yield from detail_records(
            position, told.due.number, told.details, told.issues, told.seen_at
        )


def _remember(connection: Connection, answers: list[_Told]) -> None:
    rows = []
    for told in answers:
        # The details may be newer than what the search told, or its index ahead of them.
        updated = None
        with suppress(Malformed):
            updated = instant(told.details.get("lastModifiedDate"), "lastModifiedDate")
        told_at = max(told.due.updated, updated or told.due.updated)
        rows.append(
            {
                "number": told.due.number,
                "told_at": canonical_instant(told_at),
                "stable": told.due.at_rest and told_at == told.due.updated,
            }
        )
    if rows:
        connection.execute(text(REMEMBER), rows)
