"""Planning, acting, crashing, deciding in any order, against a tracker that counts what arrives."""

import contextlib
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app import database, deciding
from app.settings import get_settings, use
from etl.errors import Later, Missing, Refused, RunLost, Unsure
from etl.outbound.intent import Done, Entry, Intent, NotDue, NotYet, Overtaken
from etl.outbound.outbox import Outbox
from etl.run import Run
from etl.runs import fail_run, start_run
from tests.conftest import EMPTY, cloned
from tests.outbound.conftest import WRITING

pytestmark = pytest.mark.database

SYNC, BY = "portal2jira", "Zoë"
CASES = ("1", "2", "3")
MOODS = (
    *("well", "well", "well", "refused", "later", "gone", "overtaken", "not due", "lost run"),
    *("not sent", "no answer", "unsure", "not yet", "crash", "crash sent", "crash done"),
)


class Crash(BaseException):
    """The process is no more: nobody catches it."""


def intents(cases: frozenset[str]) -> list[Intent]:
    """A card for each case, and a link that waits for it."""
    made = []
    for case in sorted(cases):
        told = {"case": case, "reason": "asked for"}
        made.append(Intent(key=f"card:{case}", kind="create_card", after={"n": case}, **told))
        made.append(
            Intent(
                key=f"link:{case}",
                kind="link",
                after={"to": case},
                waits_for=f"card:{case}",
                **told,
            )
        )
    return made


class Outside(RuleBasedStateMachine):
    """Each act arrives once at most; what is noted as done did arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: Counter[str] = Counter()
        self.database = cloned(EMPTY)
        self.database.__enter__()
        use(WRITING)

    def teardown(self) -> None:
        self.database.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        self.plan(frozenset(CASES[:2]))

    @rule(cases=st.frozensets(st.sampled_from(CASES)))
    def plan(self, cases: frozenset[str]) -> None:
        self._outbox().plan(intents(cases))

    @rule(most=st.integers(0, 2))
    def plan_with_a_limit(self, most: int) -> None:
        self._outbox().plan(intents(frozenset(CASES)), most_new=most)

    @rule(moods=st.lists(st.sampled_from(MOODS), max_size=6))
    def act(self, moods: list[str]) -> None:
        before, left = self._rows(), list(moods)
        outbox = self._outbox()

        def does(entry: Entry) -> Done:
            assert before[entry.key].state in {"planned", "approved", "acting", "uncertain"}
            if entry.kind == "link":
                assert self._rows()[f"card:{entry.case}"].state == "done"
            return self._does(outbox, entry, left.pop(0) if left else "well")

        with contextlib.suppress(Later, Refused, RunLost, Crash):
            outbox.perform({"create_card": does, "link": does})

    def _does(self, outbox: Outbox, entry: Entry, mood: str) -> Done:
        """An act as those of ours are: the tracker is asked before, where a request may have left."""
        if mood == "lost run":
            fail_run(outbox.run.id, "given up", state="lost")
        faults = {
            "refused": Refused("no right"),
            "later": Later("busy"),
            "gone": Missing("not there"),
            "overtaken": Overtaken("changed"),
            "not due": NotDue("not yet"),
            "crash": Crash(),
        }
        if mood in {"later", "crash"}:
            raise faults[mood]
        # Whether there is such a link can always be asked; for a card only who knows that one left.
        asks = entry.kind == "link" or entry.sent_seconds is not None or entry.has_left
        if asks and self.arrived[entry.key]:
            return Done(result={"key": entry.key})
        if mood in faults:
            raise faults[mood]
        entry.go()
        if mood == "not sent":
            raise Later("turned away", undone=True)
        if mood == "crash sent":
            raise Crash
        self.arrived[entry.key] += 1
        if mood == "no answer":
            raise Later("no answer")
        if mood == "unsure":
            raise Unsure("no answer, and nobody can ask")
        if mood == "not yet":
            raise NotYet("not to be seen yet", 1)
        if mood == "crash done":
            raise Crash
        return Done(result={"key": entry.key})

    @rule()
    def approve(self) -> None:
        deciding.approve(10**9, BY)

    @rule()
    def try_again(self) -> None:
        deciding.again_all(BY)

    @rule()
    def settle(self) -> None:
        """When nothing goes wrong any more, all that is called for is done."""
        self.plan(frozenset(CASES))
        for _ in range(3):
            self.approve()
            self.try_again()
            self.act([])
        rows = self._rows()
        assert {row.state for row in rows.values()} == {"done"}
        assert set(rows) == {one.key for one in intents(frozenset(CASES))}
        with database.transaction() as connection:
            noted = connection.execute(
                text(
                    "select detail ->> 'key', count(*) from audit_log "
                    "where act = 'write_back' and outcome = 'done' group by 1"
                )
            ).all()
        assert dict(map(tuple, noted)) == dict.fromkeys(rows, 1)

    @invariant()
    def nothing_arrives_twice(self) -> None:
        assert max(self.arrived.values(), default=0) <= 1

    @invariant()
    def what_is_done_did_arrive_and_what_was_not_begun_did_not(self) -> None:
        for key, row in self._rows().items():
            if row.state == "done":
                assert self.arrived[key] == 1
            if self.arrived[key]:
                assert row.attempts > 0

    def _outbox(self) -> Outbox:
        run_id = start_run(SYNC, "outbound")
        return Outbox(Run(run_id, SYNC, "outbound", full=False, settings=get_settings()))

    @staticmethod
    def _rows() -> dict:
        with database.transaction() as connection:
            found = connection.execute(text("select key, state, attempts from outbox")).all()
        return {row.key: row for row in found}


def test_each_act_arrives_once_whatever_happens() -> None:
    run_state_machine_as_test(
        Outside, settings=settings(max_examples=10, stateful_step_count=14, deadline=None)
    )
