"""Fifty people at once, who go from page to page and read, beside one who does so alone."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.asks import Ask, get
from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import percentile

PART = "Fifty people at once"
PEOPLE, TIMES = 50, 10
WHY = (
    "now is cut to the minute, so that each minute all pages are computed anew, for every account "
    "that is looked at; whoever comes just then waits, with the others, for two cores. Half of all "
    "answers come within {half:,.0f} ms"
)
ACCOUNTS = ("Acme+Telecom", "Globex+Telecom", "Initech+Telecom", "Umbra+Telecom")


def measure(stack: Stack) -> Iterator[Figure]:
    """The slowest answers in twenty, and whether all came."""
    visits = mix(stack)
    # Pages are computed anew each minute, so that a span is told of by whole minutes.
    seconds = 10 if stack.quick else 120
    one = people(stack, visits, 1, seconds)
    many = people(stack, visits, PEOPLE, seconds)
    alone = percentile(one["took"], 0.5)
    yield Figure.within(PART, "requests that failed", len(many["faults"]), 0, unit="requests")
    half = percentile(many["took"], 0.5)
    yield Figure.times(PART, f"95 % of {len(many['took']):,} answers within", alone,
                       percentile(many["took"], 0.95), TIMES, "p50 of one person",
                       reason=WHY.format(half=half))  # fmt: skip
    yield Figure.told(PART, "half of the answers within", half)
    yield Figure.told(PART, "requests a second", len(many["took"]) / seconds, "/ s")
    for fault in many["faults"][:3]:
        print(f"A request failed: {fault}")


def mix(stack: Stack) -> list[list[Ask]]:
    """Visits in the shares in which people make them; an account is looked at by its own people."""
    window, site = stack.window, stack.window.site
    table = [
        [site.page("/cases", query), site.rows(query), site.count(query)]
        for query in ("", "severity=1", *(f"account={name}" for name in ACCOUNTS))
    ]
    number = stack.witness.number()
    return [
        *[window.asks("/")] * 4,
        *table,
        *([site.rows(f"q={word}"), site.count(f"q={word}")] for word in ("error", "ptp")),
        window.asks("/trends"),
        window.asks("/flow"),
        *(window.asks(f"/accounts/{name.replace('+', '%20')}") for name in ACCOUNTS[:2]),
        *[[site.page(f"/cases/{number}")]] * 3,
        [get("/api/v1/stats"), get("/api/v1/cases", "limit=50")],
    ]


def people(stack: Stack, visits: list[list[Ask]], number: int, seconds: float) -> dict[str, Any]:
    """What so many people met with in so many seconds, none of them in this process."""
    told = [[(ask.path, ask.body and ask.body.decode()) for ask in visit] for visit in visits]
    command = [
        sys.executable,
        "-m",
        "benchmarks.people",
        str(stack.port),
        str(number),
        str(seconds),
    ]
    ran = subprocess.run(  # noqa: S603 - our own
        command, input=json.dumps(told), capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer
