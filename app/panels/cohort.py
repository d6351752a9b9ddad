"""The cases of a View and how long each took to a milestone, or has waited for it.

A case that has not reached it is censored: it waited at least until the instant, or until it was
closed without. `life` is the estimator of Kaplan and Meier (1958) over these, at a resolution of a
tenth of a day; of equal durations those that reached the milestone come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Double, Integer, case, cast, func, select

from app.course import seconds_between
from app.fence import fenced
from app.halves import Half, of_all
from app.scope import Scope
from app.versions import V

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
    """A row per case: severity (0: not set), reached, seconds."""
    column = milestone.column

    def told(half: Half) -> list[ColumnElement[Any]]:
        return [
            func.coalesce(V.severity, 0).label("severity"),
            half.reached(column).label("reached"),
            seconds_between(V.created_date, half.until(column)).label("seconds"),
        ]

    return select(fenced(of_all(scope, told), "timed")).cte("cohort")


def tenths(cases: CTE, *more: ColumnElement[Any], told: Sequence[ColumnElement[Any]] = ()) -> CTE:
    """How many `cases` took so many tenths of a day, by severity and reached (and by `more`).

    `told` are columns of what else to tell of these cases.
    """
    tenth = cast(func.floor((cases.c.seconds + TENTH / 2) / TENTH), Integer)
    by = (cases.c.severity, cases.c.reached, func.greatest(tenth, 0).label("tenth"), *more)
    return select(*by, func.count().label("cases"), *told).group_by(*by).cte("tenths")


def life(counted: CTE) -> CTE:
    """A row per severity and tenth of a day at which something ends, of `tenths`.

    `tenth`, `at_risk` just before it, `reached` and `censored` at it, and `share`: the estimated
    part of cases that have not reached the milestone after it.
    """
    cases, got = counted.c.cases, counted.c.reached
    ends = (
        select(
            counted.c.severity,
            counted.c.tenth,
            func.coalesce(func.sum(cases).filter(got), 0).label("reached"),
            func.coalesce(func.sum(cases).filter(~got), 0).label("censored"),
        )
        .group_by(counted.c.severity, counted.c.tenth)
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
