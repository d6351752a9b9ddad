"""What the filters of a View by values ask of a case version, as SQL conditions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, func, or_

from app import course, links, ranges
from app.links import Instant
from app.versions import V
from app.view import View

Condition = ColumnElement[bool]
DONE = "Done"

_TEXT_FILTERS: dict[str, ColumnElement[Any]] = {
    "status": V.status,
    "account": V.account,
    "engineer": V.engineer,
    "owner": V.owner,
    "group": V.group_name,
    "product": V.product,
    "product_version": V.product_version,
    "card_status": V.card_status,
}

CARDS: dict[str, Condition] = {
    "none": V.card.is_(None),
    "open": and_(V.card.is_not(None), V.card_status.is_distinct_from(DONE)),
    "done": and_(V.card.is_not(None), V.card_status == DONE),
}


def of_values(view: View, instant: Instant) -> list[Condition]:
    """The conditions of all filters by values; instants and searches are asked elsewhere.

    `instant` is when links, closings and cards are judged.
    """
    asked: list[Condition] = [
        _any_of(column, getattr(view, name))
        for name, column in _TEXT_FILTERS.items()
        if getattr(view, name)
    ]
    if view.severity:
        asked.append(_any_of(V.severity, tuple(n or "" for n in view.severity)))
    if view.tag:
        asked.append(or_(*(_has(V.tags, tag) for tag in view.tag)))
    if view.label:
        asked.append(or_(*(_has(V.labels, label) for label in view.label)))
    if view.waiting_on:
        asked.append(V.waiting_on.in_(view.waiting_on))
    return [
        *asked,
        *_of_cards(view, instant),
        *_of_bugs(view, instant),
        *course.filters(view, instant),
        *ranges.within(view),
    ]


def _of_cards(view: View, instant: Instant) -> list[Condition]:
    asked: list[Condition] = []
    if view.card:
        asked.append(or_(*(_card(standing, instant) for standing in view.card)))
    if view.escalated:
        asked.append(V.escalated.in_(view.escalated))
    if view.crit_sit:
        asked.append(or_(*(V.crit_sit.is_(value == "yes") for value in view.crit_sit)))
    if view.escalation:
        asked.append(or_(V.escalated == "yes", V.crit_sit))
    return asked


def _of_bugs(view: View, instant: Instant) -> list[Condition]:
    asked: list[Condition] = []
    if view.bugs:
        asked.append(or_(*(links.has_bugs(instant, kind) for kind in view.bugs)))
    if view.bug:
        asked.append(links.has_bug(instant, view.bug))
    return asked


def _card(standing: str, instant: Instant) -> Condition:
    return links.has_several_cards(instant) if standing == "several" else CARDS[standing]


def _any_of(column: ColumnElement[Any], values: Sequence[Any]) -> Condition:
    """The column is one of the values; the empty string stands for "not set"."""
    column = column.collate("C") if isinstance(column.type, Text) else column
    given = [value for value in values if value != ""]
    asked = column.in_(given)
    return asked if len(given) == len(values) else or_(asked, column.is_(None))


def _has(column: ColumnElement[Any], value: str) -> Condition:
    return column.contains([value]) if value else func.cardinality(column) == 0
