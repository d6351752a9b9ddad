"""Beside other systems, whose figures were measured once on such a machine, and are not re-made.

The system that Caseboard succeeds was measured over 10,000 cases, Superset over the world of a
million: DESIGN, section 12.
"""

from collections.abc import Iterator

from benchmarks.asks import Ask
from benchmarks.figure import Figure
from benchmarks.parts.csv_file import stream
from benchmarks.stack import Stack, board
from benchmarks.timing import Contender, milliseconds, seconds
from benchmarks.visitor import Visitor
from benchmarks.world import world

OLD, SUPERSET = "Beside the old system, 10,000 cases", "Beside Apache Superset"
OLD_CASES, CSV_ROWS = 10_000, 100_000
OLD_TABLE_MS, OLD_TABLE_KB = 5_500, 100_000
OLD_PAGES = (("statistics", "/trends", 2_700, None), ("account", "/accounts/Acme%20Telecom", 3_300, 13_000),
             ("home", "/", 900, None))  # fmt: skip
MANY = (
    "a page is as many answers as there are pieces on it, each shown as it comes, the first after "
    "some milliseconds; each costs 1.5 ms of processor, and whoever asks works on the same two cores"
)
TABLE_MS, TABLE_CACHED_MS, WEEKLY_MS, CSV_S = 95, 37, 247, 11.4


def measure(stack: Stack) -> Iterator[Figure]:
    """Both, each in the world that it was measured in."""
    yield from _superset(stack)
    name, _ = world(stack.servers, OLD_CASES)
    with board(stack.servers, name, OLD_CASES, stack.folder, quick=stack.quick) as small:
        yield from _old(small)


def _old(stack: Stack) -> Iterator[Figure]:
    rows = stack.window.site.rows("")
    [took] = milliseconds(lambda: stack.visitor.send(rows))
    yield Figure.faster(OLD, "case table: its rows", OLD_TABLE_MS, took, 500, "the old system")
    yield Figure.faster(OLD, "case table: its size", OLD_TABLE_KB, _kilobytes(stack, [rows]),
                        1_000, "the old system", unit="KB")  # fmt: skip
    for name, path, ms, kilobytes in OLD_PAGES:
        asks = stack.window.asks(path)
        [took] = milliseconds(lambda a=asks: stack.window.load(a))
        yield Figure.faster(OLD, f"{name}: the whole page, {len(asks)} answers", ms, took, 100,
                            "the old system", reason=MANY)  # fmt: skip
        if kilobytes:
            yield Figure.faster(OLD, f"{name}: its size", kilobytes, _kilobytes(stack, asks), 100,
                                "the old system", unit="KB")  # fmt: skip


def _kilobytes(stack: Stack, asks: list[Ask]) -> float:
    """What the answers weigh as they travel to a browser."""
    with Visitor(stack.port, {"Accept-Encoding": "gzip, deflate, br"}) as browser:
        return sum(len(browser.send(ask)) for ask in asks) / 1e3


def _superset(stack: Stack) -> Iterator[Figure]:
    site, send = stack.window.site, stack.visitor.send
    rows, weekly = site.rows("state=all"), site.panel("arrivals")
    cold, warm = milliseconds(Contender(lambda: send(rows), stack.cold), lambda: send(rows))
    yield Figure.faster(SUPERSET, "a page of the table", TABLE_MS, cold, 10, "Superset")
    yield Figure.faster(SUPERSET, "the same again", TABLE_CACHED_MS, warm, 10, "Superset, cached")
    [cold] = milliseconds(Contender(lambda: send(weekly), stack.cold), rounds=9)
    yield Figure.faster(SUPERSET, "weekly counts, cold", WEEKLY_MS, cold, 10, "Superset")
    took = min(seconds(lambda: stream(stack.port, "state=all")) for _ in range(2))
    each = took / stack.cases * CSV_ROWS
    yield Figure.faster(SUPERSET, f"CSV, for each {CSV_ROWS:,} rows", CSV_S, each, 20, "Superset",
                        unit="s")  # fmt: skip
