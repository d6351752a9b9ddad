"""The case table: its first block, one far down, and the count and facets beside it."""

from collections.abc import Iterator

from benchmarks.figure import SHORT, Figure
from benchmarks.stack import Stack
from benchmarks.timing import Contender, milliseconds, seconds

PART = "Case table"
VIEWS = {
    "open cases": "",
    "all cases": "state=all",
    "urgent and high": "severity=1&severity=2",
    "one account, closed too": "state=all&account=Acme+Telecom",
    "by severity and age": "sort=severity,created",
    "all, by account": "state=all&sort=account",
}
DEEP = 50_000


def measure(stack: Stack) -> Iterator[Figure]:
    """Blocks of 100 rows, and what tells how many there are."""
    site, send = stack.window.site, stack.visitor.send
    for name, query in VIEWS.items():
        ask = site.rows(query)
        floor = stack.constant(ask)
        alone = stack.witness.alone(ask)
        took = milliseconds(lambda f=floor: send(f), alone, lambda a=ask: send(a))
        yield Figure.above_floor(PART, f"first 100 rows: {name}", *took, reason=SHORT)
    yield from _deep(stack)
    yield from _counts(stack)


def _deep(stack: Stack) -> Iterator[Figure]:
    site, send = stack.window.site, stack.visitor.send
    deep = min(DEEP, stack.cases * 4 // 5)
    for name, query in (("all cases", "state=all"), ("by severity", "state=all&sort=severity")):
        first, far = site.rows(query), site.rows(query, deep)
        # Somebody scrolls: where the block before ends is known. A jump is told apart.
        send(site.rows(query, deep - 100))
        near, took = milliseconds(lambda a=first: send(a), lambda a=far: send(a))
        yield Figure.times(PART, f"rows at {deep:,}, scrolled to: {name}", near, took, 3,
                           "the first page")  # fmt: skip
        near, took = milliseconds(
            lambda a=first: send(a), Contender(lambda a=far: send(a), stack.cold), rounds=10
        )
        yield Figure.times(
            PART, f"rows at {deep:,}, jumped to cold: {name}", near, took, 3, "the first page",
            reason="a jump into rows that nobody has passed must count them once; every jump "
            "after it into the same order, by anybody, takes what scrolling takes",
        )  # fmt: skip


def _counts(stack: Stack) -> Iterator[Figure]:
    site, send = stack.window.site, stack.visitor.send
    told = (
        ("count of open cases", site.count("")),
        ("count of all cases", site.count("state=all")),
        ("count: one account", site.count("state=all&account=Acme+Telecom")),
        ("facets of open cases", site.facets("")),
        ("facets of all cases", site.facets("state=all")),
    )
    for name, ask in told:
        floor = stack.constant(ask)
        alone = stack.witness.alone(ask)
        floor_took, raw, cold = milliseconds(
            lambda f=floor: send(f), alone, Contender(lambda a=ask: send(a), stack.cold), rounds=10
        )
        yield Figure.above_floor(PART, f"{name}, cold", floor_took, raw, cold)
        floor_took, warm = milliseconds(lambda f=floor: send(f), lambda a=ask: send(a))
        yield Figure.told(PART, f"{name}, warm", warm)
    yield from _not_delayed(stack)


def _not_delayed(stack: Stack) -> Iterator[Figure]:
    """The rows, while count and facets of the same table are being computed."""
    site = stack.window.site
    rows = site.rows("state=all")
    first: list[float] = []

    def together() -> None:
        come = stack.window.background([site.count("state=all"), site.facets("state=all")])
        first.append(1e3 * seconds(lambda: stack.visitor.send(rows)))
        come()

    alone, _ = milliseconds(
        lambda: stack.visitor.send(rows), Contender(together, stack.cold), rounds=10
    )
    first.sort()
    yield Figure.times(
        PART, "first 100 rows while count and facets are computed", alone, first[len(first) // 2],
        2, "the rows alone", reason="nobody waits for the other: the three share two cores, on "
        "which the web server and PostgreSQL work at each of them",
    )  # fmt: skip
