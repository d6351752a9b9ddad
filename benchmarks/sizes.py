"""How the statements behind the figures grow: the same, in worlds of three sizes."""

from collections.abc import Iterator
from contextlib import contextmanager

from app import database
from app.lock import Servers
from app.settings import use
from benchmarks.alone import Witness
from benchmarks.asks import Ask, Site, get
from benchmarks.growth import Growth
from benchmarks.stack import own_settings
from benchmarks.timing import milliseconds
from benchmarks.world import address, world

SMALLER = (10_000, 100_000)
DAYS = "the same days"
LIVE = "one look into each open case, 5 % of all"
TABLE = "a page from an index"
EACH = "each case that matches is counted"


def sizes(cases: int) -> tuple[int, ...]:
    """The sizes of the worlds: 10 k, 100 k and all, or parts of a smaller one."""
    smaller = SMALLER if cases > 2 * SMALLER[-1] else (cases // 25, cases // 5)
    return (*(max(100, size) for size in smaller), cases)


def questions(site: Site) -> Iterator[tuple[str, tuple[Ask, ...], float, str]]:
    """What is asked, of which requests, up to which power it may grow, and why."""
    yield "first 100 rows: open cases", (site.rows(""),), 0.2, TABLE
    yield "first 100 rows: all cases", (site.rows("state=all"),), 0.2, TABLE
    yield "first 100 rows: by severity and age", (site.rows("sort=severity,created"),), 1, LIVE
    yield "search: a rare word", (site.rows("state=all&q=rareworda"),), 0.4, "about ten cases"
    yield (
        "search: a common word",
        (site.rows("state=all&q=error"),),
        0.6,
        "up to 10,001 hits counted",
    )
    yield "count of open cases", (site.count(""),), 1, EACH
    yield "facets of open cases", (site.facets(""),), 1, LIVE
    yield "facets of all cases", (site.facets("state=all"),), 1, EACH
    yield "open by severity", (site.panel("by_severity"),), 1, LIVE
    yield "opened and closed a week", (site.panel("arrivals"),), 0.6, "a roll-up by the hour"
    yield "backlog, 365 days", (site.panel("backlog"),), 0.4, DAYS
    yield "open work, 365 days", (site.panel("open_work"),), 0.4, DAYS
    yield "open work, one account", (site.panel("open_work", "account=Acme+Telecom"),), 1, EACH
    yield "time to close", (site.panel("time_to_close"),), 1, EACH
    yield "the metric catalogue", (get("/api/v1/stats"),), 1, LIVE


def growths(servers: Servers, cases: int) -> Iterator[Growth]:
    """Each question's statements, alone, in each world."""
    asked: dict[str, tuple[float, str]] = {}
    costs: dict[str, list[float]] = {}
    for size in sizes(cases):
        name, _ = world(servers, size)
        with _at(servers, name):
            witness = Witness()
            for what, asks, told, why in questions(witness.site()):
                asked[what] = (told, why)
                [took] = milliseconds(witness.alone(*asks), rounds=15, most=3, told=min)
                costs.setdefault(what, []).append(took)
    for what, took in costs.items():
        yield Growth(what, sizes(cases), tuple(took), *asked[what])


@contextmanager
def _at(servers: Servers, name: str) -> Iterator[None]:
    """This process looks at one of the databases."""
    with own_settings():
        use({**servers.environment(), "CASEBOARD_DATABASE_URL": address(servers, name),
             "CASEBOARD_REDIS_URL": "", "CASEBOARD_LOG_LEVEL": "WARNING"})  # fmt: skip
        database.reset()
        yield
        database.reset()
