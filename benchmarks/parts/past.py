"""Pages as of a past instant, beside the same pages now; both cold."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import Contender, milliseconds

PART = "As of two years ago, cold"
PARSED = (
    "what a case said by then is put together of what was known of it, and parsed, for each hit that "
    "is looked at: 0.07 ms each, of some more than a hundred; now the words are stored"
)
PAGES = ("/", "/cases", "/trends", "/flow", "/accounts", "/bugs", "/quality")


def measure(stack: Stack) -> Iterator[Figure]:
    """Each page with all that is on it."""
    then = datetime.now(UTC) - timedelta(days=730)
    query = f"as_of={then:%Y-%m-%dT%H:%M:%SZ}"
    for path in PAGES:
        now, past = stack.window.asks(path), stack.window.asks(path, query)
        took = milliseconds(
            Contender(lambda a=now: stack.window.load(a), stack.cold),
            Contender(lambda a=past: stack.window.load(a), stack.cold),
            rounds=7, most=6,
        )  # fmt: skip
        yield Figure.times(PART, f"the page {path}", took[0], took[1], 2, "the page now")
    rows = stack.window.site.rows
    for name, asked in (("first 100 rows", ""), ("first 100 rows of a search", "q=error")):
        now, past = rows(asked), rows(f"{asked}&{query}".lstrip("&"))
        took = milliseconds(
            lambda a=now: stack.visitor.send(a), lambda a=past: stack.visitor.send(a)
        )
        yield Figure.times(
            PART, name, took[0], took[1], 2, "the rows now", reason=PARSED if "q=" in asked else ""
        )
