"""How the statements behind the figures grow: the same, in worlds of three sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from app import database
from app.lock import Servers
from app.panels import PANELS
from app.settings import use
from benchmarks.alone import Witness
from benchmarks.asks import Ask, Site, get
from benchmarks.growth import Growth
from benchmarks.parts.blocks import VIEWS
from benchmarks.parts.panels import LEFT_OUT
from benchmarks.parts.search import WORDS
from benchmarks.parts.trends import FILTERED, IN_ROLL_UP, OTHERS, OVER_DAYS
from benchmarks.timing import milliseconds
from benchmarks.world import address, own_settings, world

SMALLER = (10_000, 100_000)
DAYS = "the same days, out of a roll-up"
VERSIONS = "each version of the year is looked at"
LIVE = "one look into each open case, 5 % of all"
TABLE = "a page from an index"
HITS = "up to 10,001 hits counted"
EACH = "each case that matches is counted"
# First blocks and searches that need more than a page from an index.
SORTED = {"by severity and age": (1.0, LIVE)}
WORDS_TOLD = {"a rare word": (0.4, "about ten cases"), "three words": (1.0, EACH)}
PAST = "as_of={:%Y-%m-%dT%H:%M:%SZ}"

# What is asked, of which request, up to which power it may grow, and why.
Question = tuple[str, Ask, float, str]


def sizes(cases: int) -> tuple[int, ...]:
    """The sizes of the worlds: 10 k, 100 k and all, or parts of a smaller one."""
    smaller = SMALLER if cases > 2 * SMALLER[-1] else (cases // 25, cases // 5)
    return (*(max(100, size) for size in smaller), cases)


def questions(site: Site, number: str) -> Iterator[Question]:
    """The requests behind the figures of the other parts; `number` is that of a case."""
    yield from _of_the_table(site, number)
    for name in PANELS:
        if name in IN_ROLL_UP or name == "arrivals":
            yield name, site.panel(name), 0.4, DAYS
        elif name in OVER_DAYS:
            yield name, site.panel(name), 1, VERSIONS
        elif name not in LEFT_OUT:
            yield name, site.panel(name), 1, LIVE if name.startswith("by_") else EACH
    for filters, query in OTHERS.items():
        for name in FILTERED:
            yield f"{name}, {filters}", site.panel(name, query), 1, EACH
    then = PAST.format(datetime.now(UTC) - timedelta(days=730))
    yield "first 100 rows, two years ago", site.rows(then), 0.4, TABLE
    yield "by_severity, two years ago", site.panel("by_severity", then), 1, LIVE
    yield "the metric catalogue", get("/api/v1/stats"), 1, LIVE


def _of_the_table(site: Site, number: str) -> Iterator[Question]:
    for name, query in VIEWS.items():
        yield f"first 100 rows: {name}", site.rows(query), *SORTED.get(name, (0.2, TABLE))
    for name, word in WORDS.items():
        told = WORDS_TOLD.get(name, (0.6, HITS))
        yield f"search: {name}", site.rows(f"state=all&q={word}"), *told
    yield "search: a number", site.rows(f"state=all&q={number}"), 0.2, TABLE
    yield "a case itself", get(f"/api/v1/cases/{number}"), 0.2, "a few look-ups"
    for name, query in (("open", ""), ("all", "state=all")):
        yield f"count of {name} cases", site.count(query), 1, EACH
        yield f"facets of {name} cases", site.facets(query), 1, EACH


def growths(servers: Servers, cases: int) -> Iterator[Growth]:
    """Each question's statements, alone, in each world."""
    asked: dict[str, tuple[float, str]] = {}
    costs: dict[str, list[float]] = {}
    for size in sizes(cases):
        name, _ = world(servers, size)
        with _at(servers, name):
            witness = Witness()
            for what, ask, told, why in questions(witness.site(), witness.number()):
                asked[what] = (told, why)
                [took] = milliseconds(witness.alone(ask), rounds=15, most=3, told=min)
                costs.setdefault(what, []).append(took)
    for what, spent in costs.items():
        yield Growth(what, sizes(cases), tuple(spent), *asked[what])


@contextmanager
def _at(servers: Servers, name: str) -> Iterator[None]:
    """This process looks at one of the databases."""
    with own_settings():
        use({**servers.environment(), "CASEBOARD_DATABASE_URL": address(servers, name),
             "CASEBOARD_REDIS_URL": "", "CASEBOARD_LOG_LEVEL": "WARNING"})  # fmt: skip
        database.reset()
        yield
        database.reset()
