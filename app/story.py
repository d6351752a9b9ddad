"""The story of a case: comments, every change of it, its cards, bugs and links, and what we did.

One list up to an instant, newest first. Of cards and bugs it tells what changed while they belonged
to the case.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
)

from app.hanging import comments_of
from app.models import CardVersion, CaseBug, Change, Outgoing
from app.outbox import TOLD

# Fields that only say when another one changed, or how we keep the record.
NOT_TOLD = (
    "created",
    "updated",
    "source",
    "kind",
    "cases",
    "notified_users",
    "old_system",
    "old_details",
)
KINDS = ("comments", "case", "cards", "bugs", "acts")
_KIND_OF = {"case": "case", "card": "cards", "bug": "bugs", "link": "bugs"}


def story(number: str, instant: datetime, limit: int | None = None) -> Select[Any]:
    """The events of a case up to an instant, newest first.

    Columns: `at`, `kind` (of `KINDS`), `source` (portal, jira, bugzilla, caseboard), `entity` and
    `key` of what changed, `field`, `before`, `after`, `actor`, `anchor` (unique in the story),
    `is_public`.
    A comment has its text in `after`. Repeated observations of one value are one event.
    """
    told = _events(number, instant)
    newest = (told.c.at.desc(), told.c.seq.desc(), told.c.anchor)
    return select(told).order_by(*newest).limit(limit)


def told_by_kind(number: str, instant: datetime) -> Select[Any]:
    """How many events of each kind the story of a case has: kind, events."""
    told = _events(number, instant)
    return select(told.c.kind, func.count().label("events")).group_by(told.c.kind)


def _events(number: str, instant: datetime) -> Any:
    comments = comments_of(number, instant).order_by(None).subquery("comments")
    spoken = select(
        comments.c.at,
        literal(0).label("seq"),
        literal("comments").label("kind"),
        comments.c.source,
        literal("comment").label("entity"),
        literal(number).label("key"),
        literal("comment").label("field"),
        cast(null(), Text).label("before"),
        comments.c.text.label("after"),
        comments.c.author.label("actor"),
        (comments.c.source + "-" + comments.c.id).label("anchor"),
        comments.c.is_public,
    )
    return union_all(spoken, _changes(number, instant), _acts(number, instant)).subquery("told")


def _acts(number: str, instant: datetime) -> Select[Any]:
    """What Caseboard did about the case: at trackers, and in messages."""

    def told(values: Any) -> Any:
        return func.coalesce(*(values[name].astext for name in TOLD))

    return select(
        Outgoing.ended_at,
        Outgoing.id,
        literal("acts"),
        literal("caseboard"),
        literal("act"),
        # Whom a mail was sent to is for admins.
        case((Outgoing.kind == "mail", ""), else_=func.coalesce(Outgoing.target, "")),
        Outgoing.kind,
        told(Outgoing.before),
        told(Outgoing.after),
        cast(null(), Text),
        literal("act-") + cast(Outgoing.id, Text),
        null(),
    ).where(Outgoing.case_number == number, Outgoing.state == "done", Outgoing.ended_at <= instant)


def _changes(number: str, instant: datetime) -> Select[Any]:
    told = (Change.at, Change.seq, cast(Change.value, Text).collate("C"), Change.actor)
    parts = (Change.entity, Change.key, Change.field)
    whose = _whose(number)
    seen = (
        select(
            Change,
            func.lag(Change.value).over(partition_by=parts, order_by=told).label("before"),
            func.row_number().over(partition_by=parts, order_by=told).label("place"),
        )
        # Joined, not asked for by one OR after another, which would read every fact there is.
        .join(whose, and_(Change.entity == whose.c.entity, Change.key == whose.c.key))
        .where(
            Change.at <= instant,
            Change.field.not_in(NOT_TOLD),
        )
        .subquery("seen")
    )
    column = seen.c
    kind = case(_KIND_OF, value=column.entity)
    source = case(
        (column.entity == "card", "jira"),
        (column.entity == "bug", func.split_part(column.key, "|", 1)),
        else_="portal",
    )
    changed = or_(
        and_(column.place > 1, column.before.is_distinct_from(column.value)),
        and_(column.place == 1, column.value.is_not(None), column.value != "false"),
    )
    return select(
        column.at,
        column.seq,
        kind.label("kind"),
        source,
        column.entity,
        column.key,
        column.field,
        column.before,
        column.value,
        column.actor,
        literal("change-") + cast(column.id, Text),
        null(),
    ).where(changed, _belongs(column, number))


def _whose(number: str) -> Any:
    """The case, its cards and bugs of all times, and its links to them: entity, key."""
    of_case = CaseBug.case_number == number
    bug = CaseBug.tracker + "|" + CaseBug.key
    own = select(literal("case").label("entity"), literal(number).label("key"))
    cards = select(literal("card"), CardVersion.key).where(CardVersion.cases.contains([number]))
    bugs = select(literal("bug"), bug).where(of_case)
    links = select(literal("link"), number + "|" + bug).where(of_case)
    return union(own, cards, bugs, links).subquery("whose")


def _belongs(column: Any, number: str) -> ColumnElement[bool]:
    """What changed belonged to the case when it changed."""
    card = exists().where(
        CardVersion.key == column.key,
        CardVersion.cases.contains([number]),
        CardVersion.valid_from <= column.at,
        CardVersion.valid_to > column.at,
    )
    bug = exists().where(
        CaseBug.case_number == number,
        CaseBug.tracker + "|" + CaseBug.key == column.key,
        CaseBug.linked_at <= column.at,
        or_(CaseBug.unlinked_at.is_(None), CaseBug.unlinked_at > column.at),
    )
    return or_(
        column.entity.in_(("case", "link")),
        and_(column.entity == "card", card),
        and_(column.entity == "bug", bug),
    )
