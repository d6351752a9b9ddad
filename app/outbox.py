"""What is to be done outside and what was done, as people see it; approving, trying again, undoing.

Workers act (`etl.outbound`); here a row is only marked, and they are woken.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import Connection, text

from app import queue
from app.auth import audit
from app.auth.person import Person
from app.database import read, transaction
from app.settings import get_settings

# What an act is, in words for people.
KINDS = {
    "create_card": "Make a card",
    "reopen": "Take a card up again",
    "transition": "Move a card on",
    "sprint": "Put into the sprint",
    "comment": "Comment",
    "label": "Add a label",
    "link": "Link",
    "unlink": "Remove a link",
    "watch": "Add a watcher",
    "unwatch": "Remove a watcher",
    "priority": "Set the priority",
    "keywords": "Tag an issue",
    "whiteboard": "Tag a bug",
    "mail": "Send a mail",
    "slack": "Post to Slack",
    "slack_reply": "Reply in Slack",
}
STATES = {
    "planned": "planned",
    "held": "held: an admin decides",
    "approved": "approved",
    "acting": "under way",
    "uncertain": "in doubt: asked again",
    "done": "done",
    "failed": "failed",
    "withdrawn": "no longer called for",
}
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
# What an act is about, in the order of what says most.
TOLD = ("summary", "priority", "status", "label", "title", "name", "text", "subject")
LONGEST_VALUE = 120
READ_ONLY = "Nothing is written while CASEBOARD_READ_ONLY is true."

SHOWN = """
    o.id, o.key, o.sync, o.kind, o.case_number, o.target, o.before, o.after, o.reason, o.state,
    o.told, o.attempts, o.planned_at, o.ended_at, o.decided_by, o.undoes
"""
PENDING = text(f"""
select {SHOWN} from outbox o where o.state not in ('done', 'withdrawn') order by o.id limit :most
""")  # noqa: S608 - our own words
ENDED = text(f"""
select {SHOWN}, exists (select from outbox u where u.undoes = o.id) as undone,
    coalesce(o.result ->> 'already', 'false') = 'true' as already
from outbox o where o.state in ('done', 'withdrawn') and o.ended_at is not null
order by o.ended_at desc, o.id desc limit :most
""")  # noqa: S608 - our own words
COUNTED = text("""
select count(*) filter (where state not in ('done', 'withdrawn')) as pending,
    count(*) filter (where state = 'held' and kind = 'create_card') as held,
    max(id) filter (where state = 'held') as last_held
from outbox where state not in ('done', 'withdrawn')
""")
PREVIEWED = text("select value from watermarks where source = 'preview' and name = 'plan'")
APPROVE = text("""
update outbox set state = 'approved', decided_at = clock_timestamp(), decided_by = :by
where state = 'held' and id <= :last returning kind, sync
""")
AGAIN = text("""
update outbox set state = 'planned', told = null, sent_at = null, ended_at = null,
    decided_at = clock_timestamp(), decided_by = :by
where id = :id and state = 'failed' returning key, sync
""")
TO_UNDO = text("""
select o.*, exists (select from outbox u where u.undoes = o.id) as undone
from outbox o where o.id = :id and o.state = 'done' for update
""")
UNDO = text("""
insert into outbox (key, sync, kind, case_number, target, before, after, reason, state, undoes,
    decided_at, decided_by)
select 'undo:' || o.id, o.sync, :kind, o.case_number, o.target, cast(:before as jsonb),
    cast(:after as jsonb), :reason,
    'approved', o.id, clock_timestamp(), :by
from outbox o where o.id = :id
on conflict (key) do nothing returning sync
""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a decision, in words for people."""

    told: str
    done: bool = True


def pending(connection: Connection, most: int = 100) -> pd.DataFrame:
    """What is to be done, is under way, is held or has failed, in the order of doing."""
    return read(PENDING, {"most": most}, connection=connection)


def ended(connection: Connection, most: int = 50) -> pd.DataFrame:
    """What was done, or is no longer called for, newest first; `undone`, `already` (not by us)."""
    return read(ENDED, {"most": most}, connection=connection)


def previewed(connection: Connection) -> dict[str, Any] | None:
    """What the sync `preview` last worked out, None before it did.

    `at` (ISO 8601, UTC), and for each of `syncs` its first `acts`, their `total`, and the `fault`
    where it could not be told.
    """
    told = connection.execute(PREVIEWED).scalar()
    return None if told is None else dict(orjson.loads(told))


def counted(connection: Connection) -> tuple[int, int, int | None]:
    """How many acts are pending, how many cards are held, and the last row that is held."""
    row = connection.execute(COUNTED).one()
    return row.pending, row.held, row.last_held


def value(told: dict[str, Any] | None) -> str:
    """What says most of a state, in few words."""
    for name in TOLD:
        if told and told.get(name):
            words = str(told[name])
            return words if len(words) <= LONGEST_VALUE else f"{words[:LONGEST_VALUE]}…"
    return "–"


def can_be_undone(row: dict[str, Any]) -> bool:
    """Whether an act that ended can be undone."""
    changed = row["state"] == "done" and not row["already"] and not row["undone"]
    return changed and row["undoes"] is None and row["kind"] in INVERSE


def approve(last: int, by: Person | str) -> Answer:
    """Let what is held up to a row be done; tells what became of that."""
    if get_settings().read_only:
        return Answer(READ_ONLY, done=False)
    with transaction() as connection:
        rows = connection.execute(APPROVE, {"last": last, "by": _name(by)}).all()
        cards = sum(row.kind == "create_card" for row in rows)
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
        row = connection.execute(AGAIN, {"id": number, "by": _name(by)}).first()
        if row is None:
            return Answer("It has not failed, or somebody was quicker.", done=False)
        audit.record(
            "outbox_again", outcome="done", actor=by, target=row.key, connection=connection
        )
    queue.ask(row.sync)
    return Answer("It is tried again.")


def undo(number: int, by: Person | str) -> Answer:
    """Let an act be undone, if what it changed is as it left it; tells what became of that."""
    if get_settings().read_only:
        return Answer(READ_ONLY, done=False)
    with transaction() as connection:
        row = connection.execute(TO_UNDO, {"id": number}).mappings().first()
        if row is None:
            return Answer("It was not done.", done=False)
        told = {**row, "already": bool((row["result"] or {}).get("already"))}
        if not can_be_undone(told):
            return Answer("It cannot be undone here; the tracker's own page can.", done=False)
        given = {
            "id": number,
            "kind": INVERSE[row["kind"]],
            "before": orjson.dumps(row["after"]).decode(),
            "after": orjson.dumps(_former(told)).decode(),
            "by": _name(by),
            "reason": f"Undoes act {number}.",
        }
        done = connection.execute(UNDO, given).first()
        if done is None:
            return Answer("Somebody was quicker.", done=False)
        audit.record(
            "outbox_undo", outcome="done", actor=by, target=row["key"], connection=connection
        )
    queue.ask(row["sync"])
    return Answer("It is undone as soon as a worker is free.")


def _former(row: dict[str, Any]) -> dict[str, Any]:
    """What is to be again: what was there when we acted, as far as that is known."""
    if row["kind"] in {"link", "watch"}:
        return dict(row["after"])
    former = (row["result"] or {}).get("before") or row["before"]
    return dict(former)


def _name(by: Person | str) -> str:
    return by.name if isinstance(by, Person) else by
