"""Deciding about what is written back: approving, trying again, undoing.

Workers act (`etl.outbound`); here a row is only marked, and they are woken.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from app import queue
from app.auth import audit
from app.auth.person import Person
from app.database import transaction
from app.outbox import CHANGED, HEADS
from app.settings import get_settings

# How an act is undone, where the tracker allows it.
INVERSE = {
    "priority": "priority",
    "transition": "transition",
    "reopen": "transition",
    "keywords": "keywords",
    "whiteboard": "whiteboard",
    "link": "unlink",
    "watch": "unwatch",
}
SYNCS, NOTICES = ("portal2jira", "priority", "tags"), "notices"
READ_ONLY = "Nothing is written while CASEBOARD_READ_ONLY is true."

APPROVE = text("""
update outbox set state = 'approved', decided_at = clock_timestamp(), decided_by = :by
where state = 'held' and id <= :last returning kind, sync
""")
# A message that may have arrived is sent once more because somebody says so; what can be asked for
# is asked for all the same.
AGAIN = """
update outbox set state = 'planned', told = null, ended_at = null,
    sent_at = case when kind not in ('mail', 'slack', 'slack_reply') then sent_at end,
    decided_at = clock_timestamp(), decided_by = :by
where state = 'failed' and {which} returning key, sync
"""
FAILED = text("select sync from outbox where id = :id and state = 'failed'")
ONE_AGAIN = text(AGAIN.format(which="id = :id"))
# Messages in doubt are for people to look after, one by one.
ALL_AGAIN = text(
    AGAIN.format(which="not (sync = 'notices' and sent_at is not null) and sync = any(:syncs)")
)
TO_UNDO = text(f"""
select o.*, {CHANGED} from outbox o where o.id = :id and o.state = 'done' for update
""")  # noqa: S608 - our own words
UNDO = text("""
insert into outbox (key, sync, kind, case_number, target, before, after, reason, state, undoes,
    decided_at, decided_by)
select 'undo:' || o.id, o.sync, :kind, o.case_number, o.target, cast(:before as jsonb),
    cast(:after as jsonb), :reason,
    'approved', o.id, clock_timestamp(), :by
from outbox o where o.id = :id
on conflict (key) do update set state = 'approved', told = null, ended_at = null, sent_at = null,
    result = null, decided_at = excluded.decided_at, decided_by = excluded.decided_by
where outbox.state = 'withdrawn' returning sync
""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a decision, in words for people."""

    told: str
    done: bool = True


def can_be_undone(row: dict[str, Any]) -> bool:
    """Whether an act that ended can be undone: it changed what we know how to put back."""
    changed = row["state"] == "done" and not row["already"] and row["is_known"]
    open_to_it = row["undoes"] is None and row["undo"] in {None, "withdrawn"}
    return bool(changed and open_to_it and row["kind"] in INVERSE)


def approve(last: int, by: Person | str) -> Answer:
    """Let what is held up to a row be done; tells what became of that."""
    if get_settings().read_only:
        return Answer(READ_ONLY, done=False)
    with transaction() as connection:
        rows = connection.execute(APPROVE, {"last": last, "by": _name(by)}).all()
        cards = sum(row.kind in HEADS for row in rows)
        if rows:
            detail = {"acts": len(rows), "cards": cards, "up_to": last}
            audit.record(
                "outbox_approve", outcome="done", actor=by, detail=detail, connection=connection
            )
    for sync in sorted({row.sync for row in rows}):
        queue.ask(sync)
    if not rows:
        return Answer("Nothing is held.", done=False)
    return Answer(f"{cards} cards are approved; they are made now.")


def again(number: int, by: Person | str) -> Answer:
    """Let an act that failed be tried again; tells what became of that."""
    with transaction() as connection:
        sync = connection.execute(FAILED, {"id": number}).scalar()
        if sync is not None and not _may_act(sync):
            return Answer(READ_ONLY, done=False)
        row = connection.execute(ONE_AGAIN, {"id": number, "by": _name(by)}).first()
        if row is None:
            return Answer("It has not failed, or somebody was quicker.", done=False)
        audit.record(
            "outbox_again", outcome="done", actor=by, target=row.key, connection=connection
        )
    return _asked(row.sync, "It is tried again.")


def again_all(by: Person | str) -> Answer:
    """Let all that failed be tried again, but no message that may have arrived."""
    with transaction() as connection:
        syncs = [s for s in (*SYNCS, NOTICES) if _may_act(s)]
        rows = connection.execute(ALL_AGAIN, {"syncs": syncs, "by": _name(by)}).all()
        if rows:
            detail = {"acts": len(rows)}
            audit.record(
                "outbox_again", outcome="done", actor=by, detail=detail, connection=connection
            )
    if not rows:
        told = "Nothing has failed that could be tried again."
        return Answer(READ_ONLY if get_settings().read_only else told, done=False)
    for sync in sorted({row.sync for row in rows}):
        queue.ask(sync)
    return Answer(f"{len(rows)} acts are tried again.")


def undo(number: int, by: Person | str) -> Answer:
    """Let an act be undone, if what it changed is as it left it; tells what became of that."""
    if get_settings().read_only:
        return Answer(READ_ONLY, done=False)
    with transaction() as connection:
        row = connection.execute(TO_UNDO, {"id": number}).mappings().first()
        if row is None:
            return Answer("It was not done.", done=False)
        if not can_be_undone(dict(row)):
            return Answer("It cannot be undone here; the tracker's own page can.", done=False)
        given = {
            "id": number,
            "kind": INVERSE[row["kind"]],
            "before": orjson.dumps(row["after"]).decode(),
            "after": orjson.dumps(_former(dict(row))).decode(),
            "by": _name(by),
            "reason": f"Undoes act {number}.",
        }
        done = connection.execute(UNDO, given).first()
        if done is None:
            return Answer("Somebody was quicker.", done=False)
        audit.record(
            "outbox_undo", outcome="done", actor=by, target=row["key"], connection=connection
        )
    return _asked(row["sync"], "It is undone as soon as a worker is free.")


def _former(row: dict[str, Any]) -> dict[str, Any]:
    """What is to be again: what was there when we acted, as far as that is known."""
    if row["kind"] in {"link", "watch"}:
        return dict(row["after"])
    former = (row["result"] or {}).get("before") or row["before"]
    return dict(former)


def _may_act(sync: str) -> bool:
    """Whether the settings let a sync act: notices write to no tracker."""
    return sync == NOTICES or not get_settings().read_only


def _asked(sync: str, told: str) -> Answer:
    if queue.ask(sync):
        return Answer(told)
    return Answer(f"{told[:-1]}, once the sync {sync} is set up; with these settings it is not.")


def _name(by: Person | str) -> str:
    return by.name if isinstance(by, Person) else by
