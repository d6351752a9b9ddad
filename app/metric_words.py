"""What each metric of the catalogue counts, over whom, and what it makes of what is not known.

T is the instant looked at.
"""

from app.metrics import PERCENTILES, BugCount, Count, Duration, Metric

# What a case is to a filter of which nothing is known.
UNKNOWN = {
    "severity": "a case without severity does not count",
    "escalated": "a case is off the list unless a card puts it there",
    "crit_sit": "a case is not critical unless the portal says so",
    "escalation": "a case is neither unless somebody says so",
    "sla": "a case without severity has no target and does not count",
    "bugs": "a case counts until a link is known",
}


def formula(metric: Metric) -> str:
    """How the value comes about, on one line."""
    if isinstance(metric, Count):
        return metric.formula
    if isinstance(metric, BugCount):
        told = "distinct bugs and issues linked at T to a case that is open at T"
        return f"{told}, of which no target is known" if metric.untargeted else told
    if isinstance(metric, Duration):
        shares = ", ".join(PERCENTILES)
        return f"{metric.column} - created, by severity: n, mean, {shares} (interpolated)"
    return f"open at T, counted by {metric.column.replace('_', ' ')}"


def population(metric: Metric) -> str:
    """Over which cases of the View it is computed."""
    if isinstance(metric, Duration):
        return "open and closed cases that have got there by T"
    if isinstance(metric, Count) and metric.since:
        return "all cases, whatever their state at T"
    return "cases open at T"


def nulls(metric: Metric) -> str:
    """What is told of nothing, and of cases of which something is not known."""
    if isinstance(metric, BugCount):
        told = "0 where there is none"
        return f"{told}; `---` and an empty target are none" if metric.untargeted else told
    if isinstance(metric, Duration):
        return "no row for a severity in which no case has got there; `null` for no severity"
    if isinstance(metric, Count):
        unknown = [UNKNOWN[name] for name in metric.only if name in UNKNOWN]
        return "; ".join(["0 where there is none", *unknown])
    return "only values that occur; the empty name stands for not set"
