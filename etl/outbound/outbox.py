"""Acting outside exactly once: what is to be done is written down, then done, then noted.

Whatever happens in between (a crash, an answer that is lost, a task delivered twice), the row says
that it was begun, and whoever takes it up asks the tracker first. Only a run that holds its source
acts, and its id fences every step, the last one right before the request leaves.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.database import transaction
from etl.errors import Later, Missing, Refused, Unsure
from etl.load import BUMP
from etl.outbound.intent import Act, Done, Entry, Intent, NotYet, Overtaken
from etl.run import Run
from etl.runs import count, own

log = logging.getLogger(__name__)

LONGEST_TOLD = 2_000
# So many acts in a row without a clear answer, and the tracker is left alone for now.
MOST_FAULTS = 3
MOST_AT_ONCE = 1_000
# Of what was done the audit log tells this; texts of cases have no place where nothing is changed.
AUDITED = frozenset(
    ("assignee", "priority", "status", "label", "sprint", "globalId", "name", "topic", "channel")
)
BEGUN = ("acting", "uncertain", "done")

KNOWN = """
select key, state, target, before, after, reason from outbox where key = any(:keys)
"""
# What comes back after it was no longer called for is new to whoever approves up to an id.
PUT = """
insert into outbox (key, sync, kind, case_number, target, waits_for, before, after, reason, state)
values (:key, :sync, :kind, :case, :target, :waits_for, cast(:before as jsonb),
    cast(:after as jsonb), :reason, :state)
on conflict (key) do update set target = excluded.target, before = excluded.before,
    after = excluded.after, reason = excluded.reason, state = excluded.state, told = null,
    planned_at = clock_timestamp(), ended_at = null,
    id = case when outbox.state = 'withdrawn'
        then nextval(pg_get_serial_sequence('outbox', 'id')) else outbox.id end
where outbox.state in ('planned', 'held', 'withdrawn')
"""
# What hangs on something that was begun goes its way.
WITHDRAW = """
update outbox o set state = 'withdrawn', ended_at = clock_timestamp(),
    told = 'It is no longer called for.'
where o.sync = :sync and o.undoes is null and o.state in ('planned', 'held', 'approved')
    and not (o.key = any(:keys)) and not exists (
        select from outbox head where head.key = o.waits_for
            and head.state in ('acting', 'uncertain', 'done'))
"""
DUE = """
select o.id, o.kind from outbox o
where o.sync = :sync and o.state in ('planned', 'approved', 'acting', 'uncertain')
order by o.id limit :most
"""
BEGIN = """
update outbox o set state = 'acting', attempts = o.attempts + 1, run_id = :run_id
from outbox self left join outbox head on head.key = self.waits_for
where o.id = :id and self.id = o.id and o.state in ('planned', 'approved', 'acting', 'uncertain')
    and (self.waits_for is null or head.state = 'done')
returning o.id, o.key, o.kind, o.case_number, coalesce(o.target, head.result ->> 'key') as target,
    o.before, o.after, coalesce(head.result, '{}') as head,
    extract(epoch from clock_timestamp() - o.sent_at)::float as sent_seconds
"""
GO = "update outbox set sent_at = clock_timestamp() where id = :id and run_id = :run_id"
END = """
update outbox set state = :state, told = :told, result = coalesce(cast(:result as jsonb), result),
    target = coalesce(target, :target),
    ended_at = case when :state in ('done', 'failed', 'withdrawn') then clock_timestamp() end,
    sent_at = case when :undone then null else sent_at end
where id = :id and run_id = :run_id
"""
AUDIT = """
insert into audit_log (actor, act, outcome, target, reason, detail)
values ('caseboard', 'write_back', :outcome, :target, :reason, cast(:detail as jsonb))
"""


class Outbox:
    """The outbox of one run of one sync."""

    def __init__(self, run: Run) -> None:
        self.run, self.sync = run, run.sync

    def plan(
        self, intents: Sequence[Intent], *, most_new: int | None = None, takes_back: bool = True
    ) -> int:
        """Write down what is called for, and take back what is no longer, unless it was begun.

        When more than `most_new` acts of the kind `create_card` would begin, all those wait for an
        admin (with what hangs on them); tells how many are held. Without `takes_back` what was
        called for once stays so.
        """
        with transaction() as connection:
            own(connection, self.run.id)
            given = {"keys": [one.key for one in intents], "sync": self.sync}
            known = {row.key: row for row in connection.execute(text(KNOWN), given)}
            held = too_many(intents, {k: r.state for k, r in known.items()}, most_new)
            begun = {key for key, row in known.items() if row.state in BEGUN}
            for one in intents:
                if one.waits_for in begun:
                    # What hangs on something that was begun stays as it was planned with it.
                    continue
                state = "held" if {one.key, one.waits_for} & held else "planned"
                self._put(connection, one, known.get(one.key), state)
            if takes_back:
                connection.execute(text(WITHDRAW), given)
        return len(held)

    def _put(self, connection: Connection, one: Intent, row: Any, state: str) -> None:
        if row is not None:
            # What was approved is done as it was approved; what failed waits for an admin.
            if row.state not in {"planned", "held", "withdrawn"}:
                return
            known = (row.state, row.target, row.before, row.after, row.reason)
            if known == (state, one.target, one.before, one.after, one.reason):
                return
        told = {
            "key": one.key, "sync": self.sync, "kind": one.kind, "case": one.case,
            "target": one.target, "waits_for": one.waits_for, "before": _json(one.before),
            "after": _json(one.after), "reason": one.reason, "state": state,
        }  # fmt: skip
        connection.execute(text(PUT), told)

    def perform(self, acts: Mapping[str, Act]) -> int:
        """Act on all that is due, in the order of planning; tells how much was done.

        Raises Later when something is to be taken up again soon.
        """
        done, faults, waits = 0, 0, list[float]()
        with transaction() as connection:
            given = {"sync": self.sync, "most": MOST_AT_ONCE}
            due = connection.execute(text(DUE), given).all()
        for place, (number, kind) in enumerate(due, start=1):
            self.run.tell("writing back", place, len(due))
            act = acts.get(kind)
            if act is None:
                self.run.note(f"Nobody can do {kind} with these settings; it waits.")
                continue
            entry = self._begin(int(number))
            if entry is None:
                continue
            try:
                done += self._act(entry, act)
                faults = 0
            except NotYet as fault:
                waits.append(fault.seconds)
            except Later as fault:
                waits.append(fault.after or 0.0)
                self.run.note(str(fault))
                faults += 1
                asked_to_wait = fault.undone and fault.after is not None
                if asked_to_wait or faults >= MOST_FAULTS:
                    break
        self.run.fresh += done
        self._count(done, len(due))
        if waits:
            raise Later(f"Not all was written back; {done} acts were.", max(waits))
        return done

    def _begin(self, number: int) -> Entry | None:
        """Note that it is begun; None when it must wait, or somebody has seen to it."""
        with transaction() as connection:
            own(connection, self.run.id)
            given = {"id": number, "run_id": self.run.id}
            row = connection.execute(text(BEGIN), given).first()
        if row is None:
            return None
        return Entry(
            row.id, row.key, row.kind, row.case_number, row.target or "", row.before or {},
            row.after, row.head, row.sent_seconds, lambda: self._go(number),
        )  # fmt: skip

    def _go(self, number: int) -> None:
        with transaction() as connection:
            own(connection, self.run.id)
            connection.execute(text(GO), {"id": number, "run_id": self.run.id})

    def _act(self, entry: Entry, act: Act) -> bool:
        try:
            done = act(entry)
        except NotYet as fault:
            self._end(entry, "uncertain", str(fault))
            raise
        except Overtaken as fault:
            self._end(entry, "withdrawn", str(fault))
            return False
        except Later as fault:
            state = "planned" if fault.undone else "uncertain"
            self._end(entry, state, str(fault), undone=fault.undone)
            raise
        except Unsure as fault:
            # What cannot be asked for stays as it is: people look.
            self._end(entry, "failed", f"In doubt: {fault}")
            return False
        except (Refused, Missing) as fault:
            self._end(entry, "failed", str(fault))
            return False
        self._end(entry, "done", done.told, done)
        return True

    def _end(
        self, entry: Entry, state: str, told: str, done: Done | None = None, *, undone: bool = False
    ) -> None:
        given = {
            "id": entry.id, "run_id": self.run.id, "state": state, "undone": undone,
            "told": told[:LONGEST_TOLD] or None,
            "target": entry.target or (done and done.result.get("key")) or None,
            "result": _json({**done.result, "already": done.already}) if done else None,
        }  # fmt: skip
        with transaction() as connection:
            own(connection, self.run.id)
            connection.execute(text(END), given)
            if state in {"done", "failed"}:
                connection.execute(text(AUDIT), _audit(entry, state, told, done))

    def _count(self, done: int, due: int) -> None:
        numbers = {"inserted": 0, "rejected": 0, "gone": 0, "unchanged": due - done}
        with transaction() as connection:
            own(connection, self.run.id)
            count(connection, self.run.id, seen=due, updated=done, **numbers)
            if done:
                # The stories of cases tell it.
                connection.execute(text(BUMP))


def too_many(
    intents: Sequence[Intent], states: Mapping[str, str], most: int | None
) -> frozenset[str]:
    """Cards to be made, by key, that nobody has begun or approved, if they are more than `most`."""
    fresh = {None, "planned", "held", "withdrawn"}
    new = {one.key for one in intents if one.kind == "create_card"}
    waiting = frozenset(key for key in new if states.get(key) in fresh)
    return waiting if most is not None and len(waiting) > most else frozenset()


def _audit(entry: Entry, state: str, told: str, done: Done | None) -> dict[str, Any]:
    detail: dict[str, Any] = {"key": entry.key, "kind": entry.kind, "outbox": entry.id}
    # Without the texts of cases, which have no place in a log that nobody may change.
    detail["after"] = {n: str(v)[:200] for n, v in entry.after.items() if n in AUDITED}
    if done and done.already:
        detail["already"] = True
    return {
        "outcome": "done" if state == "done" else "refused",
        "target": entry.case or entry.target or None,
        "reason": told[:300] or None,
        "detail": _json(detail),
    }


def _json(told: dict[str, Any] | None) -> str | None:
    return None if told is None else orjson.dumps(told).decode()
