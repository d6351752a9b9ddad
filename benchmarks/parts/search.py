"""Quick search: rare, medium and common words, words that nobody says, and numbers."""

from collections.abc import Iterator

from benchmarks.asks import get
from benchmarks.figure import SHORT, Figure
from benchmarks.stack import Stack
from benchmarks.timing import milliseconds

PART = "Search"
WORDS = {
    "a rare word": "rareworda",
    "a medium word": "ptp",
    "a common word": "error",
    "three words": "kernel+crash+dump",
    "a misspelt word": "kernelx",
}
WHOLE = (
    "a case is told whole, in 30 columns with its clock, links and whom it waited on, from three "
    "statements in one transaction, which Python writes anew each time; and who looked at it goes "
    "into the audit log, a commit that no raw statement has"
)


def measure(stack: Stack) -> Iterator[Figure]:
    """The first 100 rows of each, and the jump to a case."""
    site, send = stack.window.site, stack.visitor.send
    for name, word in WORDS.items():
        ask = site.rows(f"state=all&q={word}")
        floor = stack.constant(ask)
        alone = stack.witness.alone(ask)
        took = milliseconds(lambda f=floor: send(f), alone, lambda a=ask: send(a))
        yield Figure.above_floor(PART, f"first 100 rows: {name}", *took, reason=SHORT)
    number = stack.witness.number()
    for name, ask, reason in (
        ("a number: its row", site.rows(f"state=all&q={number}"), SHORT),
        ("a number: the case itself", get(f"/api/v1/cases/{number}"), WHOLE),
    ):
        floor = stack.constant(ask)
        alone = stack.witness.alone(ask)
        took = milliseconds(lambda f=floor: send(f), alone, lambda a=ask: send(a))
        yield Figure.above_floor(PART, name, *took, reason=reason)
