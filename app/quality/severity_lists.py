"""The work lists of severities that differ: of a case from its bugs, and from its card."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select

from app.mismatch import priority_number, severity_number
from app.models import BugVersion, CardVersion, CaseVersion
from app.quality.worklist import Found, Population, WorkList
from app.versions import VERSIONS, V
from app.words import SEVERITY_NAMES


def _words(what: str, theirs: Any, severity: ColumnElement[Any]) -> ColumnElement[Any]:
    """What each of two says: `bug is low, case is Urgent`."""
    names = case({number: SEVERITY_NAMES[number] for number in (1, 2, 3, 4)}, value=severity)
    told: ColumnElement[Any] = literal(f"{what} is ") + theirs + ", case is " + names
    return told


def _bug_severity(people: Population) -> Found:
    """Links of open cases to bugs that their tracker takes more or less seriously."""
    links = people.links
    column = links.c
    past = CaseVersion.__table__.alias("past").c
    told = BugVersion.__table__.alias("told").c
    same = and_(told.tracker == column.tracker, told.key == column.key)
    agreed = or_(
        ~past.is_open,
        told.gone,
        func.coalesce(severity_number(told.severity), past.severity) == past.severity,
        past.severity.is_(None),
    )
    since = func.greatest(
        column.created_date,
        column.linked_at,
        _first(told, same).correlate(links).scalar_subquery(),
        _agreed_until(past, told, people)
        .where(past.case_number == column.case_number, same, agreed)
        .correlate(links)
        .scalar_subquery(),
    )
    return Found(
        links,
        [column.number != column.severity, ~column.gone],
        {
            "subject": column.case_number + "|" + column.tracker + "|" + column.key,
            "number": column.case_number,
            "tracker": column.tracker,
            "bug": column.key,
            "severity": column.severity,
            "account": column.account,
            "summary": column.summary,
            "told": _words("bug", column.told, column.severity),
            "since": since,
        },
        earliest=column.linked_at,
        latest=func.greatest(column.linked_at, column.valid_from, column.bug_from),
    )


def _card_priority(people: Population) -> Found:
    """Open cases whose card has the priority of another severity."""
    card = CardVersion.__table__.alias("card")
    past = CaseVersion.__table__.alias("past").c
    told = CardVersion.__table__.alias("told").c
    same = told.key == V.card
    agreed = or_(
        ~past.is_open,
        past.card.is_distinct_from(V.card),
        told.gone,
        func.coalesce(priority_number(told.priority), past.severity) == past.severity,
        past.severity.is_(None),
    )
    since = func.greatest(
        V.created_date,
        _first(told, same).correlate(VERSIONS).scalar_subquery(),
        _agreed_until(past, told, people)
        .where(past.case_number == V.case_number, same, agreed)
        .correlate(VERSIONS)
        .scalar_subquery(),
    )
    shown = and_(
        card.c.key == V.card,
        # As written in the index of priorities.
        card.c.priority.is_not(None),
        ~card.c.gone,
        card.c.valid_from <= people.instant,
        card.c.valid_to > people.instant,
    )
    return Found(
        VERSIONS.join(card, shown),
        [*people.cases("open"), priority_number(card.c.priority) != V.severity],
        {
            "subject": V.case_number + "|" + card.c.key,
            "number": V.case_number,
            "card": card.c.key,
            "severity": V.severity,
            "account": V.account,
            "summary": V.summary,
            "told": _words("card", card.c.priority, V.severity),
            "since": since,
        },
        earliest=V.created_date,
        latest=func.greatest(V.valid_from, card.c.valid_from),
    )


def _first(told: Any, same: ColumnElement[bool]) -> Any:
    """When the other one was first told of."""
    return select(func.min(told.valid_from)).where(same)


def _agreed_until(past: Any, told: Any, people: Population) -> Any:
    """The latest end, by the instant, of a time in which versions of both lay side by side."""
    end = func.least(past.valid_to, told.valid_to)
    return select(func.max(end)).where(
        past.valid_from < told.valid_to, told.valid_from < past.valid_to, end <= people.instant
    )


LISTS = (
    WorkList(
        "bug_severity",
        "Bug severity against case severity",
        "Engineering goes by the severity of the bug, the customer by that of the case.",
        _bug_severity,
    ),
    WorkList(
        "card_priority",
        "Card priority against case severity",
        "The team works on what its cards call urgent, which is not what the customer does.",
        _card_priority,
    ),
)
