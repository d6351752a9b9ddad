"""How did every number of the catalogue run, day by day?"""

from app.days import BUG_COUNTS, bugs_counted, counted
from app.metrics import CATALOGUE, Count
from app.panels.daylines import line_panel


def _counts(*names: str) -> list[Count]:
    return [metric for name in names if isinstance(metric := CATALOGUE[name], Count)]


_OPEN = _counts("open_cases", "high_priority", "escalated", "crit_sit", "total_escalations")
_ATTENTION = _counts("no_updates", "no_bugs")
_SLA = _counts("at_risk", "breached")
_FLOW = _counts("opened_last_week", "closed_last_week", "opened_last_day", "closed_last_day")

OPEN_WORK = line_panel(
    "open_work",
    "Open work, day by day",
    "How much was open at the end of each day, and how much of it was pressing?",
    _OPEN,
    counted(_OPEN),
    ("$accent", "$severity-2", "$severity-1", "$category-3", "$category-5"),
    "Open cases",
)
ATTENTION = line_panel(
    "attention",
    "Waiting for attention, day by day",
    "How many open cases lay still, or had no bug?",
    _ATTENTION,
    counted(_ATTENTION),
    ("$severity-2", "$category-4"),
    "Open cases",
)
SLA = line_panel(
    "sla_days",
    "At risk and breached, day by day",
    "How many open cases had used up more than half of their target, and how many all of it?",
    _SLA,
    counted(_SLA),
    ("$sla-at_risk", "$sla-breached"),
    "Open cases",
)
TURNOVER = line_panel(
    "turnover",
    "Opened and closed, day by day",
    "How many cases came and went in the day and in the week up to each day's end?",
    _FLOW,
    counted(_FLOW),
    ("$opened", "$closed", "$category-3", "$category-1"),
    "Cases",
    hidden=("opened_last_day", "closed_last_day"),
)
BUGS_BEHIND = line_panel(
    "bugs_behind",
    "Bugs behind open cases, day by day",
    "On how many bugs did open cases hang, and how many of these had no target?",
    BUG_COUNTS,
    bugs_counted,
    ("$accent", "$severity-1"),
    "Bugs and issues",
)
