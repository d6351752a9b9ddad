"""The work lists of cases: what card, status and owner say, or do not say."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, array

from app.filters import DONE
from app.models import CardOverlap, CardVersion
from app.quality.worklist import (
    Condition,
    Fault,
    Found,
    Population,
    WorkList,
    is_open,
    of_cases,
    since_when,
)
from app.versions import VERSIONS, V
from app.view import View


def _among(name: str, value: str, state: str = "open") -> Callable[[View], View | None]:
    """The View whose filter asks for one value; None where it asks for others already."""

    def rows(view: View) -> View | None:
        given = getattr(view, name)
        if given and value not in given:
            return None
        return view.only_filters().but(state=state, **{name: (value,)})

    return rows


def _card_left(version: Any) -> Condition:
    return and_(version.card.is_not(None), version.card_status.is_distinct_from(DONE))


def _card_done(version: Any) -> Condition:
    return and_(version.card.is_not(None), version.card_status == DONE)


def _no_card(version: Any) -> Condition:
    asked: Condition = version.card.is_(None)
    return asked


def _unknown_status(version: Any) -> Condition:
    asked: Condition = version.waiting_on == "unknown"
    return asked


def _no_owner(version: Any) -> Condition:
    asked: Condition = version.owner.is_(None)
    return asked


_CARD_SAYS = V.card + " is " + func.coalesce(V.card_status, literal("without status"))
_STATUS = func.coalesce(V.status, literal("no status"))


def _open_with(fault: Fault, told: ColumnElement[Any]) -> Callable[[Population], Found]:
    return lambda people: of_cases(people, "open", fault, told)


def _two_cards(people: Population) -> Found:
    """Open cases with two tracking cards or more, and which."""
    card = CardVersion.__table__.alias("card").c
    keys = (
        select(func.string_agg(card.key, aggregate_order_by(literal(", "), card.key)))
        .where(
            card.cases.contains(array([V.case_number])),
            card.kind == "tracking",
            ~card.gone,
            card.valid_from <= people.instant,
            card.valid_to > people.instant,
        )
        .correlate(VERSIONS)
        .scalar_subquery()
    )
    listed = of_cases(people, "open", lambda _version: true(), keys)
    since = func.greatest(since_when(is_open), CardOverlap.valid_from)
    together = and_(
        CardOverlap.case_number == V.case_number,
        CardOverlap.valid_from <= people.instant,
        CardOverlap.valid_to > people.instant,
    )
    table = VERSIONS.join(CardOverlap, together)
    return Found(table, listed.where, {**listed.columns, "since": since})


LISTS = (
    WorkList(
        "closed_open_card",
        "Closed case, open card",
        "The work is over, but the card still takes a place on the team's board.",
        lambda people: of_cases(people, "closed", _card_left, _CARD_SAYS),
        _among("card", "open", "closed"),
    ),
    WorkList(
        "open_done_card",
        "Open case, done card",
        "The team believes that it is done; the customer still waits.",
        _open_with(_card_done, V.card + " is Done, the case is " + _STATUS),
        _among("card", "done"),
        fault=_card_done,
    ),
    WorkList(
        "no_card",
        "No card",
        "Nobody has this case on the team's board, so nobody plans it.",
        _open_with(_no_card, _STATUS),
        _among("card", "none"),
        fault=_no_card,
    ),
    WorkList(
        "two_cards",
        "Two cards",
        "Two people may do the same work, and one of the cards will be forgotten.",
        _two_cards,
        _among("card", "several"),
    ),
    WorkList(
        "unknown_status",
        "Unknown status",
        "The settings do not know this status, so nobody can say on whom the case waits.",
        _open_with(_unknown_status, _STATUS),
        _among("waiting_on", "unknown"),
        fault=_unknown_status,
    ),
    WorkList(
        "no_owner",
        "No owner",
        "Nobody answers for this case towards the customer.",
        _open_with(_no_owner, _STATUS),
        _among("owner", ""),
        fault=_no_owner,
    ),
)
