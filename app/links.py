"""What hangs on a case at an instant: its bugs and its comments, as SQL beside a version `V`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.models import BugSpan, BugVersion, CardOverlap, CaseBug, Comment, JiraComment
from app.versions import VERSIONS, V

Condition = ColumnElement[bool]
Instant = datetime | BindParameter[datetime]
NO_TARGET = ("", "---")


def linked(instant: Instant) -> Condition:
    """The bug links of a version that held at an instant."""
    return and_(CaseBug.case_number == V.case_number, during(instant))


def during(instant: Instant) -> Condition:
    """A bug link held at an instant."""
    return and_(
        CaseBug.linked_at <= instant,
        or_(CaseBug.unlinked_at.is_(None), CaseBug.unlinked_at > instant),
    )


def targeted(tracker: ColumnElement[str], key: ColumnElement[str], instant: Instant) -> Condition:
    """A bug had a target release or fix version at an instant."""
    return and_(
        BugVersion.tracker == tracker,
        BugVersion.key == key,
        BugVersion.valid_from <= instant,
        BugVersion.valid_to > instant,
        BugVersion.target.not_in(NO_TARGET),
    )


def has_bugs(instant: Instant, kind: str) -> Condition:
    """A version has bugs: `any`, `none`, or `untargeted` ones."""
    held = [
        BugSpan.case_number == V.case_number,
        BugSpan.valid_from <= instant,
        BugSpan.valid_to > instant,
        *([BugSpan.untargeted] if kind == "untargeted" else []),
    ]
    some = exists().where(*held).correlate(VERSIONS)
    return ~some if kind == "none" else some


def has_bug(instant: Instant, keys: Sequence[str]) -> Condition:
    """A version has one of the bugs of these keys; the empty key stands for having none.

    Keys tell trackers apart: those of Bugzilla are numbers, those of JIRA begin with a project.
    """
    held = select(CaseBug.case_number).where(
        CaseBug.key.in_([key for key in keys if key]), during(instant)
    )
    asked = V.case_number.in_(held)
    return or_(asked, has_bugs(instant, "none")) if "" in keys else asked


def has_several_cards(instant: Instant) -> Condition:
    """A version's case had two tracking cards or more at an instant."""
    return V.case_number.in_(
        select(CardOverlap.case_number).where(
            CardOverlap.valid_from <= instant, CardOverlap.valid_to > instant
        )
    )


def bug_keys(instant: Instant) -> ColumnElement[list[str]]:
    """The keys of a version's bugs, in order."""
    keys = func.array_agg(aggregate_order_by(CaseBug.key, CaseBug.key))
    return (
        select(func.coalesce(keys, cast(literal([], V.tags.type), V.tags.type)))
        .where(linked(instant))
        .correlate(VERSIONS)
        .scalar_subquery()
    )


def latest_comment(instant: Instant, part: str) -> ColumnElement[Any]:
    """The `text` or the instant (`at`) of the latest comment on a case or its card."""
    told = _comments(instant)
    latest = select(told.c[part]).order_by(told.c.at.desc(), told.c.text).limit(1)
    return latest.correlate(VERSIONS).scalar_subquery()


def first_comment(instant: Instant, part: str) -> ColumnElement[Any]:
    """The `text` or the instant (`at`) of the first comment on a case or its card."""
    told = _comments(instant)
    first = select(told.c[part]).order_by(told.c.at, told.c.text).limit(1)
    return first.correlate(VERSIONS).scalar_subquery()


def _comments(instant: Instant) -> Any:
    return union_all(
        select(Comment.comment_text.label("text"), Comment.commented_at.label("at"))
        .where(Comment.case_number == V.case_number, Comment.commented_at <= instant)
        .where(_still_there(Comment.gone_at, instant))
        .correlate(VERSIONS),
        select(JiraComment.body, JiraComment.last_update_date)
        .where(JiraComment.case_number == V.case_number)
        .where(JiraComment.last_update_date <= instant)
        .where(_still_there(JiraComment.gone_at, instant))
        .correlate(VERSIONS),
    ).subquery()


def _still_there(gone_at: Any, instant: Instant) -> Condition:
    return or_(gone_at.is_(None), gone_at > instant)
