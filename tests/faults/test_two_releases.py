"""An upgrade and the way back, with processes of both releases at work on the same tables."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from app import database, programs
from app.processes import Child, start
from tests.faults import next_release, report
from tests.faults.conftest import WHOLE
from tests.faults.next_release import BACK, BROUGHT_BACK, NEXT_TITLE, REVISION, TITLE, UPGRADE
from tests.faults.oracle import Oracle
from tests.faults.readers import Phase, Readers
from tests.faults.stack import Stack, free_port, wait
from tests.faults.test_stack import DOUBLED

pytestmark = [
    pytest.mark.database,
    pytest.mark.faults,
    pytest.mark.long,
    pytest.mark.skipif(not WHOLE, reason="it takes a minute; make faults does it"),
]

TURNS = 5
# Sooner than the next tick of beat, so a message was what woke the worker.
WOKEN_SECONDS = 13
# Facts of loads that did not derive what the newer release derives.
HALVES = """
select count(distinct run_id) filter (where n.run_id is null), count(distinct c.run_id)
from changes c left join next_loads n using (run_id)
where c.id > (select change_id from next_begins)
"""


class Next:
    """The next release: its processes beside those of the stack."""

    def __init__(self, stack: Stack, place: Path) -> None:
        self.stack, self.place = stack, next_release.make(place)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.children: dict[str, Child] = {}

    def start(self, name: str, command: list[str]) -> None:
        log = self.stack.folder / f"next-{name}.log"
        at_home = ["env", "-C", str(self.place), *command]
        self.children[name] = start(f"next {name}", at_home, log, environment=self._environment)

    def stop(self) -> None:
        for child in self.children.values():
            child.stop()

    def command(self, *arguments: str) -> None:
        """Run its `caseboard`."""
        _command(self.place, self._environment, arguments, expected=0)

    def send_word(self) -> None:
        """Press Refresh on its page."""
        ask = "import time; from app import queue; queue.ask('cases'); time.sleep(1)"
        subprocess.run([sys.executable, "-c", ask], cwd=self.place, check=True, timeout=60,
                       env={**os.environ, **self._environment})  # fmt: skip

    @property
    def _environment(self) -> dict[str, str]:
        return {**self.stack._environment, "PYTHONPATH": str(self.place)}


def _command(
    place: Path, environment: dict[str, str], arguments: tuple[str, ...], *, expected: int
) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments], cwd=place, timeout=90, check=False,
        env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == expected, told
    return told


@pytest.fixture(scope="module")
def after(stack: Stack, tmp_path_factory) -> Iterator[Next]:
    made = Next(stack, tmp_path_factory.mktemp("next"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def oracle(stack: Stack) -> Iterator[Oracle]:
    watching = Oracle(stack.direct)
    yield watching
    watching.stop()


def get(address: str, path: str) -> requests.Response:
    return requests.get(f"{address}{path}", timeout=20)


def readiness(address: str) -> tuple[int, str]:
    try:
        answer = get(address, "/readyz")
    except requests.ConnectionError:
        return 0, ""
    return answer.status_code, answer.json()["checks"]["migrations"]


def is_called(address: str, title: str) -> None:
    """The panel is called as the release calls it, whoever computed it first."""
    answer = get(address, "/api/v1/charts/by_severity.json")
    assert answer.status_code == 200
    assert answer.json()["title"] == title


def synced(stack: Stack, seconds: float = 30.0, *, ask: bool = True) -> float:
    """Something changes at the source, is asked for, and is on the board soon."""
    stack.swap()
    if ask:
        stack.ask()
    return wait(stack.is_seen, seconds, "what changed is not seen on the board")


def note(book: report.Book, stack: Stack, name: str, phases: list[Phase], recovered: float) -> None:
    """Put down what readers met, and see that it was nothing."""
    lost = stack.desk.disagreements("cases")
    with stack.beside() as cursor:
        cursor.execute(DOUBLED)
        [doubled] = cursor.fetchone()
    line = report.Line(
        name, 1, sum(phase.fresh + phase.stale for phase in phases),
        sum(phase.stale for phase in phases), sum(phase.refused.total() for phase in phases),
        max(phase.longest for phase in phases), recovered, len(lost), doubled,
        sum(len(phase.wrong) for phase in phases),
    )  # fmt: skip
    book.lines.append(line)
    print(" | ".join(line.cells()), [dict(phase.refused) for phase in phases])
    assert [wrong for phase in phases for wrong in phase.wrong] == []
    assert (line.stale, line.refused, line.lost, line.doubled) == (0, 0, 0, 0)
    assert all(phase.fresh > 20 for phase in phases)
    assert sum(phase.compared for phase in phases) > 3


def test_upgraded_while_both_are_at_work(
    stack: Stack, oracle: Oracle, after: Next, book: report.Book
) -> None:
    old = Readers(stack.address, oracle, stack.openly())
    before = old.begin(UPGRADE)
    after.start("web", programs.web(f"127.0.0.1:{after.port}"))
    after.start("worker", programs.worker())
    # It waits for its tables, in words, and is asked for nothing that they do not have yet.
    wait(lambda: readiness(after.address)[0] == 503, 40, "the next release does not start")
    assert "caseboard db upgrade" in readiness(after.address)[1]
    for path in ("/", "/api/v1/stats", "/api/v1/cases"):
        answer = get(after.address, path)
        assert (answer.status_code, REVISION in answer.text) == (503, True)
    # Its worker leaves what is due, and its messages, to the worker that knows the tables.
    for _ in range(3):
        stack.swap()
        after.send_word()
        wait(stack.is_seen, WOKEN_SECONDS, "a message of the next release woke nobody")

    after.command("db", "upgrade")
    recovered = wait(lambda: readiness(after.address)[0] == 200, 20, "it is not ready")
    new = Readers(after.address, oracle, stack.openly())
    beside = new.begin(UPGRADE)
    # Nobody is sent away from what still serves.
    assert readiness(stack.address)[0] == 200
    assert "of a newer release" in readiness(stack.address)[1]
    for _ in range(TURNS):
        recovered = max(recovered, synced(stack, WOKEN_SECONDS))
        for address, title in ((stack.address, TITLE), (after.address, NEXT_TITLE)) * 2:
            is_called(address, title)
    with stack.beside() as cursor:
        cursor.execute(HALVES)
        halves, loads = cursor.fetchone()
        assert (halves, loads >= TURNS) == (0, True)
        cursor.execute("select count(*) from cases where next_words is null")
        assert cursor.fetchone() == (0,)

    old.stop()
    for name in ("beat", "worker", "web"):
        stack.alone(name).stop()
    after.start("beat", programs.beat())
    recovered = max(recovered, synced(stack))
    new.stop()
    note(book, stack, UPGRADE, [before, beside], recovered)


def test_the_web_goes_back_alone(
    stack: Stack, oracle: Oracle, after: Next, book: report.Book
) -> None:
    stack.children["web"].restart()
    began = time.monotonic()
    wait(lambda: readiness(stack.address)[0] == 200, 40, "the release before does not serve")
    recovered = time.monotonic() - began
    assert "of a newer release" in readiness(stack.address)[1]
    reading = Readers(stack.address, oracle, stack.openly())
    phase = reading.begin(BACK)
    for _ in range(TURNS):
        recovered = max(recovered, synced(stack, WOKEN_SECONDS))
        is_called(stack.address, TITLE)
    told = _command(next_release.ROOT, stack._environment, ("db", "upgrade"), expected=1)
    assert REVISION in told
    assert "Traceback" not in told
    reading.stop()
    note(book, stack, BACK, [phase], recovered)


def test_the_tables_are_brought_back_beneath_it(
    stack: Stack, oracle: Oracle, after: Next, book: report.Book
) -> None:
    reading = Readers(stack.address, oracle, stack.openly())
    phase = reading.begin(BROUGHT_BACK)
    # The worker of the release before waits until the tables are its own again.
    for name in ("worker", "beat"):
        stack.children[name].restart()
    recovered = synced(stack, WOKEN_SECONDS)
    after.stop()
    after.command("db", "downgrade", str(database.head_revision()))
    assert readiness(stack.address) == (200, "ok")
    for _ in range(TURNS):
        recovered = max(recovered, synced(stack, WOKEN_SECONDS))
    reading.stop()
    for name in ("web", "worker", "beat"):
        stack.mind(name)
    note(book, stack, BROUGHT_BACK, [phase], recovered)
