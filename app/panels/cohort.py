"""The cases of a View and how long each took to a milestone, or has waited for it.

A case that has not reached it is censored: it waited at least until the instant, or until it was
closed without. `life` is the estimator of Kaplan and Meier (1958) over these, at a resolution of a
tenth of a day; of equal durations those that reached the milestone come first.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, Double, Integer, case, cast, func, literal, select

from app import course
from app.scope import Scope
from app.versions import VERSIONS, V

TENTH = 8_640.0
# A share that rounding keeps above a half although it is one.
ROUNDING = 1e-7


@dataclass(frozen=True, slots=True)
class Milestone:
    """What cases come to: its column, the filter by the time it took, and its words."""

    column: str
    filter: str
    noun: str
    done: str


RELIEF = Milestone("relief", "days_to_relief", "relief", "relieved")
RESOLUTION = Milestone("resolved", "days_to_resolution", "resolution", "resolved")
CLOSE = Milestone("closed", "days_to_close", "close", "closed")


def cohort(scope: Scope, milestone: Milestone) -> CTE:
    """A row per case: severity (0: not set), reached, seconds, days."""
    board, column = scope.board, milestone.column
    seconds = course.seconds_between(V.created_date, course.until(column, scope.instant))
    timed = (
        select(
            func.coalesce(V.severity, 0).label("severity"),
            course.reached(column, scope.instant).label("reached"),
            seconds.label("seconds"),
        )
        .select_from(VERSIONS)
        .where(board.known, *board.conditions(scope.view))
        # Without this the planner would copy the expression to wherever it is used.
        .offset(literal(0))
        .subquery("timed")
    )
    days = timed.c.seconds / course.SECONDS_PER_DAY
    return select(timed, days.label("days")).cte("cohort")


def life(cases: CTE) -> CTE:
    """A row per severity and tenth of a day at which something ends.

    `tenth`, `at_risk` just before it, `reached` and `censored` at it, and `share`: the estimated
    part of cases that have not reached the milestone after it.
    """
    tenth = cast(func.floor((cases.c.seconds + TENTH / 2) / TENTH), Integer)
    ends = (
        select(
            cases.c.severity,
            func.greatest(tenth, 0).label("tenth"),
            func.count().filter(cases.c.reached).label("reached"),
            func.count().filter(~cases.c.reached).label("censored"),
        )
        .group_by(cases.c.severity, func.greatest(tenth, 0))
        .cte("ends")
    )
    at_risk = func.sum(ends.c.reached + ends.c.censored).over(
        partition_by=ends.c.severity, order_by=ends.c.tenth.desc()
    )
    risks = select(ends, cast(at_risk, Integer).label("at_risk")).cte("risks")
    part = 1 - cast(risks.c.reached, Double) / risks.c.at_risk
    fall = case((part > 0, func.ln(case((part > 0, part)))), else_=cast("-infinity", Double))
    share = func.exp(func.sum(fall).over(partition_by=risks.c.severity, order_by=risks.c.tenth))
    return select(risks, share.label("share")).cte("life")


def median(table: CTE) -> Any:
    """The first day after which at most half of the cases are left; NULL where more always are."""
    return (func.min(table.c.tenth).filter(table.c.share <= 0.5 + ROUNDING) / 10.0).label("median")
