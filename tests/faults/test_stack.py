"""Whatever befalls the stack: nothing lost, nothing doubled, nothing wrong shown, all heals."""

import time

import pytest

from tests.faults import report
from tests.faults.conftest import WHOLE
from tests.faults.injectors import FAULTS, Fault
from tests.faults.readers import Readers
from tests.faults.stack import Stack, wait

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.long]

RECOVER_SECONDS = 45
DOUBLED = """
select count(*) - count(distinct (entity, key, field, at, seq, value, actor)) from changes
"""


def recover(stack: Stack, readers: Readers) -> float:
    """Seconds until a reader has a fresh answer and what changes is seen on the board."""
    began = time.monotonic()
    fresh = readers.phase.fresh
    wait(lambda: readers.phase.fresh > fresh, RECOVER_SECONDS, "readers get nothing fresh")
    stack.swap()
    asked = 0.0

    def seen() -> bool:
        nonlocal asked
        if time.monotonic() - asked > 2:
            stack.ask()
            asked = time.monotonic()
        return stack.is_seen()

    wait(seen, RECOVER_SECONDS, _words(stack))
    return time.monotonic() - began


def _words(stack: Stack) -> str:
    told = [child.last_words(6) for name, child in stack.children.items() if name == "worker"]
    return "what changed is not seen on the board\n" + "\n".join(told)


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if WHOLE or one.short], ids=lambda one: one.name
)
def test_a_fault(stack: Stack, readers: Readers, book: report.Book, fault: Fault) -> None:
    phase = readers.begin(fault.name)
    with fault.block(stack) as skipped:
        if skipped is None:
            stack.swap()
            stack.ask()
            time.sleep(fault.hold)
    if skipped is not None:
        book.lines.append(report.Line(fault.name, 0, 0, 0, 0, 0, 0, 0, 0, 0, skipped))
        pytest.skip(skipped)
    recovered = recover(stack, readers)
    readers.begin("between")
    lost = stack.desk.disagreements("cases")
    with stack.beside() as cursor:
        cursor.execute(DOUBLED)
        [doubled] = cursor.fetchone()
    line = report.Line(
        fault.name, fault.times, phase.fresh + phase.stale, phase.stale, phase.refused.total(),
        phase.longest, recovered, len(lost), doubled, len(phase.wrong),
    )  # fmt: skip
    book.lines.append(line)
    print(" | ".join(line.cells()), dict(phase.refused))
    assert lost == []
    assert doubled == 0
    assert phase.wrong == []
    # A process that dies takes those requests with it that it was at; nobody else's.
    assert phase.longest < 20


def test_readers_met_nothing_between_the_faults(readers: Readers) -> None:
    phase = readers.begin("quiet")
    time.sleep(3)
    assert phase.fresh > 20
    assert phase.stale == phase.refused.total() == 0
    assert phase.wrong == []
    # They were compared with what the oracle knew of the versions that they named.
    assert phase.compared > 3
