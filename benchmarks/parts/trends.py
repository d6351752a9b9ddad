"""365 days of every metric, under any filter."""

from collections.abc import Iterator

from benchmarks.figure import DRAWN, Figure
from benchmarks.stack import Stack
from benchmarks.timing import Contender, milliseconds

PART = "365 days, cold"
ANY_MS, ROLLED_MS = 300, 20
OVER_DAYS = ("backlog", "open_work", "attention", "sla_days", "turnover", "bugs_behind",
             "cumulative_flow", "daily_milestones", "daily_severity", "daily_status",
             "daily_account", "daily_engineer", "daily_product", "daily_card_status")  # fmt: skip
# Filters that the roll-ups know; an account or an engineer they do not.
ROLLED = {"no filter": "", "urgent": "severity=1"}
COMMON_WORD = "a word of half the cases"
OTHERS = {
    "one account": "account=Acme+Telecom",
    "one status": "status=Waiting+on+Red+Hat",
    "one tag": "tag=ptp",
    "a search": "q=ptp",
    COMMON_WORD: "q=error",
}
# The roll-ups tell these; the others are counted from what is known of each case.
IN_ROLL_UP = (
    *("backlog", "open_work", "attention", "sla_days", "turnover", "bugs_behind"),
    *("cumulative_flow", "daily_severity", "daily_status", "daily_account", "daily_engineer"),
    *("daily_product", "daily_card_status"),
)
COUNTED = (
    "counted case by case out of an index over spells, as it would be under any filter: what it "
    "goes by (milestones) is not in a roll-up, which each load would have to keep for it too. It "
    "must take 300 ms at most, and does"
)
COUNTED_LONG = (
    "counted case by case, from the versions of the cases that passed the filter in the year. A sum "
    "for every filter there may be would have to be kept by each load"
)
COMMON = (
    "half of the cases hold the word: to look for it in those that did not rest before the year, one "
    "in seven, takes 120 ms, and then each version of a year is looked up among them"
)
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
    return Figure.within(
        PART, f"{name}, {filters}", took[2], limit, floor=took[0], raw=took[1],
        reason=_reason(name, filters, took[2]),
    )  # fmt: skip


def _reason(name: str, filters: str, took: float) -> str:
    """Why a budget is not kept, where it is not."""
    if filters not in ROLLED:
        return COMMON if filters == COMMON_WORD else COUNTED_LONG
    if name in IN_ROLL_UP:
        return DRAWN
    return COUNTED if took <= ANY_MS else COUNTED_LONG
