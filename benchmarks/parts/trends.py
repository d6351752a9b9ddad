"""365 days of every metric, under any filter."""

from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import Contender, milliseconds

PART = "365 days, cold"
ANY_MS, ROLLED_MS = 300, 20
OVER_DAYS = ("backlog", "open_work", "attention", "sla_days", "turnover", "bugs_behind",
             "cumulative_flow", "daily_milestones", "daily_severity", "daily_status",
             "daily_account", "daily_engineer", "daily_product", "daily_card_status")  # fmt: skip
# Filters that the roll-up knows; an account or an engineer it does not.
ROLLED = {"no filter": "", "urgent": "severity=1"}
OTHERS = {
    "one account": "account=Acme+Telecom",
    "one status": "status=Waiting+on+Red+Hat",
    "a search": "q=error",
}
FILTERED = ("backlog", "open_work", "attention", "turnover", "bugs_behind", "daily_severity")


def measure(stack: Stack) -> Iterator[Figure]:
    """Each panel over days without a filter; some of them under filters of each kind."""
    for filters, query in (ROLLED | OTHERS).items():
        limit = ROLLED_MS if filters in ROLLED else ANY_MS
        few = FILTERED[:2] if stack.quick else FILTERED
        for name in few if query else OVER_DAYS:
            yield _figure(stack, name, filters, query, limit)


def _figure(stack: Stack, name: str, filters: str, query: str, limit: float) -> Figure:
    send, ask = stack.visitor.send, stack.window.site.panel(name, query)
    floor = stack.constant(ask)
    alone = stack.witness.alone(ask)
    took = milliseconds(
        lambda: send(floor), alone, Contender(lambda: send(ask), stack.cold), rounds=7, most=4
    )
    return Figure.within(PART, f"{name}, {filters}", took[2], limit, floor=took[0], raw=took[1])
