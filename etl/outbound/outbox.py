"""Acting outside exactly once: what is to be done is written down, then done, then noted.

Whatever happens in between (a crash, an answer that is lost, a task delivered twice), the row says
that it was begun, and whoever takes it up asks the tracker first. Only a run that holds its source
acts, and its id fences every step, the last one right before the request leaves.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.database import transaction
from etl.errors import UNREADABLE, Later, Missing, Refused, Unsure
from etl.load import BUMP
from etl.outbound.faults import Faults
from etl.outbound.intent import Act, Done, Entry, Intent, NotDue, NotYet, Overtaken
from etl.outbound.outbox_sql import AUDIT, BEGIN, DUE, END, GO, KNOWN, PUT, WITHDRAW
from etl.run import Run
from etl.runs import count, own

log = logging.getLogger(__name__)

LONGEST_TOLD = 2_000
# What makes a card, or takes one up again: an admin is asked when they are too many.
HEADS = frozenset(("create_card", "reopen"))
NOT_ALLOWED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
# Of what was done the audit log tells this; texts of cases have no place where nothing is changed.
AUDITED = frozenset(
    ("assignee", "priority", "status", "label", "sprint", "globalId", "name", "topic", "channel")
)
BEGUN = ("acting", "uncertain", "done")


class Outbox:
    """The outbox of one run of one sync."""

    def __init__(self, run: Run) -> None:
        self.run, self.sync = run, run.sync
        # Whether the act under way has called `go`; how many acts about a case were done.
        self._went = False
        self._of_cases = 0

    def plan(
        self, intents: Sequence[Intent], *, most_new: int | None = None, takes_back: bool = True
    ) -> int:
        """Write down what is called for, and take back what is no longer, unless it was begun.

        When more than `most_new` cards would be made or taken up again, all those wait for an admin
        (with what hangs on them); tells how many are held. Without `takes_back` what was called for
        once stays so.
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

        Raises Later when something is to be taken up again soon, Refused when we may not do it.
        """
        done, faults = 0, Faults()
        with transaction() as connection:
            due = connection.execute(text(DUE), {"sync": self.sync}).all()
        for place, (number, kind) in enumerate(due, start=1):
            self.run.tell("writing back", place, len(due))
            act = acts.get(kind)
            if act is None:
                self.run.note(f"Nobody can do {kind} with these settings; it waits.")
                continue
            entry = None if faults.is_closed(kind) else self._begin(int(number))
            if entry is None:
                continue
            try:
                done += self._act(entry, act)
                faults.forget(kind)
            except NotYet as fault:
                faults.waits.append(fault.seconds)
            except (Later, Refused) as fault:
                self.run.note(str(fault))
                faults.add(kind, fault)
        self.run.fresh += done
        self._count(done, len(due))
        faults.tell(done)
        return done

    def _begin(self, number: int) -> Entry | None:
        """Note that it is begun; None when it must wait, or somebody has seen to it."""
        self._went = False
        with transaction() as connection:
            own(connection, self.run.id)
            given = {"id": number, "run_id": self.run.id}
            row = connection.execute(text(BEGIN), given).first()
        if row is None:
            return None
        return Entry(
            row.id, row.key, row.kind, row.case_number, row.target or "", row.before or {},
            row.after, row.head, row.sent_seconds, row.found or {}, row.has_left,
            lambda found=None: self._go(number, found),
        )  # fmt: skip

    def _go(self, number: int, found: dict[str, Any] | None = None) -> None:
        with transaction() as connection:
            own(connection, self.run.id)
            given = {"id": number, "run_id": self.run.id, "found": _json(found)}
            connection.execute(text(GO), given)
        self._went = True

    def _act(self, entry: Entry, act: Act) -> bool:
        """Whether it is done now. Raises NotYet, Later or Refused when it is still to be done."""
        try:
            done = act(entry)
        except NotDue as fault:
            self._leave(entry, str(fault))
        except NotYet as fault:
            self._end(entry, "uncertain", str(fault))
            raise
        except Overtaken as fault:
            self._end(entry, "withdrawn", str(fault))
        except Later as fault:
            self._leave(entry, str(fault), undone=fault.undone)
            raise
        except Unsure as fault:
            # What cannot be asked for stays as it is: people look.
            self._end(entry, "failed", f"In doubt: {fault}", why="in doubt")
        except Refused as fault:
            return self._refused(entry, fault)
        except Missing as fault:
            self._end(entry, "failed", str(fault), why="not there", undone=self._went)
        except UNREADABLE as fault:
            return self._not_understood(entry, fault)
        else:
            self._end(entry, "done", done.told, done=done)
            return True
        return False

    def _refused(self, entry: Entry, fault: Refused) -> bool:
        """A clear no is the act's own fault; that we may do nothing there is not."""
        if fault.status in NOT_ALLOWED:
            self._leave(entry, str(fault), undone=True)
            raise fault
        if self._went and (fault.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._leave(entry, str(fault))
            raise Later(str(fault))
        why = f"refused ({fault.status})" if fault.status else "refused"
        self._end(entry, "failed", str(fault), why=why, undone=self._went)
        return False

    def _not_understood(self, entry: Entry, fault: Exception) -> bool:
        log.error("Act %s (%s)", entry.key, entry.kind, exc_info=fault)
        told = f"An answer was not understood ({type(fault).__name__}: {str(fault)[:200]})."
        if self._went:
            self._leave(entry, told)
            raise Later(told)
        self._end(entry, "failed", told, why="not understood")
        return False

    def _leave(self, entry: Entry, told: str, *, undone: bool = False) -> None:
        """Leave what is not done to be taken up again.

        In doubt while a request may still have done it: this attempt's, or an earlier one's of
        which this attempt learned nothing. `undone`: this attempt's request surely did nothing.
        """
        doubt = not undone if self._went else entry.sent_seconds is not None
        self._end(entry, "uncertain" if doubt else "planned", told, undone=not doubt)

    def _end(
        self,
        entry: Entry,
        state: str,
        told: str,
        *,
        why: str | None = None,
        done: Done | None = None,
        undone: bool = False,
    ) -> None:
        given = {
            "id": entry.id, "run_id": self.run.id, "state": state, "undone": undone,
            "told": told[:LONGEST_TOLD] or None,
            "target": entry.target or (done and done.result.get("key")) or None,
            "result": _json({**done.result, "already": done.already}) if done else None,
        }  # fmt: skip
        self._of_cases += state == "done" and entry.case is not None
        with transaction() as connection:
            own(connection, self.run.id)
            connection.execute(text(END), given)
            if state in {"done", "failed"}:
                connection.execute(text(AUDIT), _audit(entry, state, why, done))

    def _count(self, done: int, due: int) -> None:
        numbers = {"inserted": 0, "rejected": 0, "gone": 0, "unchanged": due - done}
        with transaction() as connection:
            own(connection, self.run.id)
            count(connection, self.run.id, seen=due, updated=done, **numbers)
            if self._of_cases:
                # The stories of cases tell it.
                connection.execute(text(BUMP))


def too_many(
    intents: Sequence[Intent], states: Mapping[str, str], most: int | None
) -> frozenset[str]:
    """Cards to be made or taken up, by key, that nobody has begun or approved, if over `most`."""
    fresh = {None, "planned", "held", "withdrawn"}
    new = {one.key for one in intents if one.kind in HEADS}
    waiting = frozenset(key for key in new if states.get(key) in fresh)
    return waiting if most is not None and len(waiting) > most else frozenset()


def _audit(entry: Entry, state: str, why: str | None, done: Done | None) -> dict[str, Any]:
    detail: dict[str, Any] = {"key": entry.key, "kind": entry.kind, "outbox": entry.id}
    # Without the texts of cases and trackers, which have no place in a log that nobody may change.
    detail["after"] = {n: str(v)[:200] for n, v in entry.after.items() if n in AUDITED}
    if done and done.already:
        detail["already"] = True
    return {
        "outcome": "done" if state == "done" else "refused",
        "target": entry.case or entry.target or None,
        "reason": why,
        "detail": _json(detail),
    }


def _json(told: dict[str, Any] | None) -> str | None:
    return None if told is None else orjson.dumps(told).decode()
