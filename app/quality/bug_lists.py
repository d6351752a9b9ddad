"""The work lists of bugs and issues behind open cases."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Text, and_, case, cast, func, not_, select

from app.links import NO_TARGET
from app.models import BugVersion
from app.quality.worklist import Found, Population, WorkList
from app.ranking import Ranking

NEVER = cast("-infinity", DateTime(timezone=True))


def _untargeted(people: Population) -> Found:
    """Bugs of open cases without a target, as the metric `bugs_no_target` counts them."""
    aimless = func.coalesce(people.links.c.target, "").in_(NO_TARGET)
    return _of_bugs(people, aimless, lambda version: version.target.not_in(NO_TARGET))


def _restricted(people: Population) -> Found:
    """Bugs of open cases that their tracker does not let us see."""
    restricted = people.links.c.restricted
    return _of_bugs(people, restricted, lambda version: not_(version.restricted), known=True)


def _of_bugs(
    people: Population,
    fault: ColumnElement[bool],
    until: Callable[[Any], ColumnElement[bool]],
    *,
    known: bool = False,
) -> Found:
    """The bugs of open cases; since the first link, or since `until(version)` ceased to hold.

    With `known` it began with the first that the tracker told, at the earliest.
    """
    column = people.links.c
    waiting = (
        select(
            column.tracker,
            column.key,
            func.max(column.summary).label("summary"),
            func.count().label("cases"),
            func.min(column.severity).label("worst"),
            func.min(column.linked_at).label("linked_at"),
        )
        .where(fault)
        .group_by(column.tracker, column.key)
        .subquery("waiting")
    )
    past = BugVersion.__table__.alias("past").c
    same = and_(past.tracker == waiting.c.tracker, past.key == waiting.c.key)
    ceased = (
        select(func.max(past.valid_to))
        .where(same, past.valid_to <= people.instant, until(past))
        .correlate(waiting)
        .scalar_subquery()
    )
    first = select(func.min(past.valid_from)).where(same).correlate(waiting).scalar_subquery()
    began = [waiting.c.linked_at, func.coalesce(ceased, NEVER), *([first] if known else [])]
    cases = waiting.c.cases
    wait = case((cases == 1, " open case waits"), else_=" open cases wait")
    return Found(
        waiting,
        [],
        {
            "subject": waiting.c.tracker + "|" + waiting.c.key,
            "tracker": waiting.c.tracker,
            "bug": waiting.c.key,
            "severity": waiting.c.worst,
            "summary": waiting.c.summary,
            "told": cast(cases, Text) + wait,
            "since": func.greatest(*began),
        },
    )


LISTS = (
    WorkList(
        "untargeted_bug",
        "Bug without target",
        "Nobody has said in which release it will be fixed, so nobody can tell the customer.",
        _untargeted,
        ranking=Ranking(target="none"),
    ),
    WorkList(
        "restricted_bug",
        "Restricted bug",
        "Its tracker does not let Caseboard see it: status, target and severity are unknown.",
        _restricted,
        ranking=Ranking(restricted="yes"),
    ),
)
