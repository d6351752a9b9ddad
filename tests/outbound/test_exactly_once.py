"""Whatever crashes, fails, is delivered twice or answered too late: each act once, and noted."""

import os
import random
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from app.settings import get_settings, use
from etl import schedule, sync
from etl.outbound import jira_writer, plans
from etl.outbound.outbox import Outbox
from etl.outbound.preview import preview
from etl.sandbox.faults import Fault
from etl.sandbox.jira_writes import ACTIVE_SPRINT, US
from etl.sandbox.world import World
from tests.outbound.conftest import WRITING, Writer
from tests.sync.conftest import Clock, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

# All 500 are run with TEST_SCHEDULES=500; a few in every run of the suite.
SCHEDULES = int(os.environ.get("TEST_SCHEDULES", "60"))
SEED = int(os.environ.get("TEST_SEED", "9"))
KINDS = ("card", "card", "reopen", "priority", "tags")
SYNC_OF = {"card": "portal2jira", "reopen": "portal2jira", "priority": "priority", "tags": "tags"}
TROUBLES = ("crash", "crash", "fault", "fault", "fault", "workers", "beats", "again")
FAULTS = ("429", "500", "503", "reset", "truncated", "html", "timeout")
PLACES = ("_begin", "_go", "_end", "_end")
# What is written to, and what is asked; of each kind what must not be done twice.
PATHS = ("/transitions", "/sprint/", "/remotelink", "/watchers", "/issue/", "/rest/")
OWN = {
    "card": ("/api/2/issue?", "POST"),
    "reopen": ("/comment", "POST"),
    "priority": ("/issue/", "PUT"),
    "tags": ("/bug/", "PUT"),
}


class Crash(BaseException):
    """The process is no more: nobody catches it."""


class Subject:
    """One case of a kind, and what is to happen to it once."""

    def __init__(self, desk: Writer, kind: str, place: int) -> None:
        self.desk, self.kind, self.sync = desk, kind, SYNC_OF[kind]
        world = desk.world
        old = world.now() - timedelta(days=30)
        self.number = world.add_case(severity=1, created=old if kind == "reopen" else None)
        self.bug = list(world.bugs.by_id)[place % len(world.bugs.by_id)]
        if kind == "card":
            world.link_bug(self.number, self.bug)
        if kind == "priority":
            self.key = world.add_card(self.number)
        if kind == "reopen":
            self.key = world.add_card(self.number, labels=[], status="Closed")
        if kind == "tags":
            self.bug = world.bugs.file(world.now(), world.bugs.get(self.bug))
            world.link_bug(self.number, self.bug)

    def check(self) -> None:
        """It happened, whole, and no part of it twice."""
        if self.kind == "tags":
            bug = self.desk.world.bugs.get(self.bug)
            assert bug.internal_whiteboard == "Telco Telco:Case"
            assert len([c for c in bug.history if c.who == "caseboard@example.com"]) == 1
            return
        card = self.desk.card(self.number)
        changes = [item[0] for c in card.changes if c.author == US for item in c.items]
        if self.kind == "card":
            assert sorted(changes) == ["assignee", "sprint", "status"]
            assert (card.status, card.sprint) == ("To Do", ACTIVE_SPRINT)
            assert len(card.links) == 2
            assert card.watchers == [card.assignee]
        elif self.kind == "reopen":
            assert sorted(changes) == ["labels", "sprint", "status"]
            assert len(card.comments) == 1
        else:
            assert changes == ["priority"]
            assert card.priority == "Critical"


@pytest.fixture(scope="module")
def subjects():
    """A board that knows all the cases; each schedule sees one of them."""
    clock = Clock()
    world = World(cases=8, days=365, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    dice = random.Random(SEED)
    with pytest.MonkeyPatch.context() as patch, desk_of(world) as plain:
        patch.setattr(jira_writer, "SETTLE_SECONDS", 0.0)
        use({**WRITING, "CASEBOARD_JIRA_FIELDS": '{"private_keywords": ""}'})
        desk = Writer(plain.sandbox)
        made = [Subject(desk, dice.choice(KINDS), place) for place in range(SCHEDULES)]
        schedule.tick()
        desk.fill(full=True)
        use({"CASEBOARD_SOURCE_TIMEOUT": "0.5", "CASEBOARD_SOURCE_PATIENCE": "0"})
        yield made


def only(monkeypatch, subject):
    """Let plans be about one case."""
    cases, bugs = plans.open_cases, plans.linked_bugs
    monkeypatch.setattr(
        plans, "open_cases", lambda c: [one for one in cases(c) if one.number == subject.number]
    )
    monkeypatch.setattr(
        plans, "linked_bugs", lambda c: [one for one in bugs(c) if one.key == str(subject.bug)]
    )


@pytest.mark.parametrize("place", range(SCHEDULES))
def test_each_act_happens_once(subjects, place, monkeypatch):
    subject, dice = subjects[place], random.Random(f"{SEED}/{place}")
    only(monkeypatch, subject)
    desk = subject.desk
    told = [
        (one.key, one.kind, one.before, one.after) for one in preview(subject.sync, get_settings())
    ]
    assert told
    for _ in range(dice.randint(1, 4)):
        trouble(subject, dice)
    desk.sandbox.faults.clear()
    for _ in range(4):
        ran = desk.run(subject.sync)
        if ran.state == "finished":
            break
    assert ran.state == "finished", (ran.error, desk.outbox("state <> 'done'"))
    subject.check()
    rows = desk.outbox("key = any(:keys)", keys=[key for key, *_ in told])
    assert [(r["key"], r["kind"], r["before"], r["after"]) for r in rows] == told
    assert {row["state"] for row in rows} == {"done"}
    noted = desk.rows(
        "select detail ->> 'key' as key, count(*) as n from audit_log "
        "where act = 'write_back' and outcome = 'done' and detail ->> 'key' = any(:keys) group by 1",
        keys=[key for key, *_ in told],
    )
    assert {row.key: row.n for row in noted} == dict.fromkeys((key for key, *_ in told), 1)


def trouble(subject, dice):
    """One run of the sync in which something goes wrong, or that is begun more than once."""
    desk, what = subject.desk, dice.choice(TROUBLES)
    if what == "fault":
        desk.sandbox.faults.add(aimed(subject, dice) if dice.random() < 0.6 else anywhere(dice))
    with pytest.MonkeyPatch.context() as patch:
        if what == "crash":
            _crash(patch, dice.choice(PLACES), dice.choice((1, 1, 1, 2, 3, 5)), dice.random() < 0.5)
        schedule.ask(subject.sync)
        if what in {"workers", "beats"}:
            deeds = [schedule.tick, schedule.tick] if what == "beats" else []
            deeds += [lambda: sync.work("outbound", subject.sync)] * 2
            threads = [threading.Thread(target=deed) for deed in deeds]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        try:
            sync.work("outbound", subject.sync)
            if what == "again":
                schedule.ask(subject.sync)
                sync.work("outbound", subject.sync)
        except Crash:
            pass
    desk.sandbox.faults.clear()


def aimed(subject, dice):
    """An answer that goes wrong where it matters most, mostly after all was done."""
    path, method = OWN[subject.kind]
    return Fault(dice.choice(FAULTS), path, seconds=0.6, done=dice.random() < 0.8, method=method)


def anywhere(dice):
    """Answers that go wrong wherever it may be."""
    return Fault(
        dice.choice(FAULTS), dice.choice(PATHS), after=dice.choice((0, 0, 1, 2)),
        times=dice.randint(1, 2), seconds=0.6, done=dice.random() < 0.6,
        method=dice.choice(("", "POST", "PUT")),
    )  # fmt: skip


def _crash(patch, name, count, late):
    """End the process at the n-th call of a step, before or after it is done."""
    real, left = getattr(Outbox, name), [count]

    def step(*given, **named):
        left[0] -= 1
        if left[0] == 0 and not late:
            raise Crash
        told = real(*given, **named)
        if left[0] == 0:
            raise Crash
        return told

    patch.setattr(Outbox, name, step)


KILLED = """
import os
from etl import schedule, sync
from etl.outbound import jira_writer
from etl.outbound.outbox import Outbox
jira_writer.SETTLE_SECONDS = 0.0
real, left = Outbox._end, [int(os.environ["LEFT"])]
def end(*given, **named):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), 9)
    return real(*given, **named)
Outbox._end = end
schedule.ask("portal2jira")
sync.work("outbound", "portal2jira")
"""


@pytest.mark.parametrize("left", [1, 2, 4])
def test_a_worker_that_is_killed_after_an_act_repeats_nothing(desk, left):
    number = desk.arrive()
    environment = {**os.environ, "LEFT": str(left)}
    died = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert died.returncode == -9
    assert desk.outbox("state = 'acting'")
    assert desk.run("portal2jira").state == "finished"
    card = desk.card(number)
    changes = [item[0] for c in card.changes if c.author == US for item in c.items]
    assert sorted(changes) == ["assignee", "sprint", "status"]
    assert len(card.links) == 1
    assert set(desk.states().values()) == {"done"}


def test_a_run_that_was_given_up_sends_nothing_more(desk, monkeypatch):
    """The worker was silent, another one has taken over: its next step is refused."""
    number = desk.arrive()
    real = Outbox._go

    def silent(self, *given):
        desk.rows("update sync_runs set state = 'lost' where state = 'running' returning 1")
        return real(self, *given)

    monkeypatch.setattr(Outbox, "_go", silent)
    ran = desk.run("portal2jira")
    assert ran.state == "lost"
    assert not desk.cards_of(number)
    monkeypatch.undo()
    monkeypatch.setattr(jira_writer, "SETTLE_SECONDS", 0.0)
    assert desk.run("portal2jira").state == "finished"
    assert desk.card(number).status == "To Do"
