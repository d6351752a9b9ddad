"""What hangs on one case at an instant, to be read: its bugs and issues, and its comments."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, and_, func, literal, or_, select, union_all

from app.models import BugVersion, CaseBug, Comment, JiraComment


def bugs_of(number: str, instant: datetime) -> Select[Any]:
    """The bugs and issues linked to a case: tracker, key and what was known of each."""
    version = and_(
        BugVersion.tracker == CaseBug.tracker,
        BugVersion.key == CaseBug.key,
        BugVersion.valid_from <= instant,
        BugVersion.valid_to > instant,
    )
    found = (
        select(
            CaseBug.tracker,
            CaseBug.key,
            CaseBug.linked_at,
            BugVersion.summary,
            BugVersion.status,
            BugVersion.severity,
            BugVersion.target,
            BugVersion.assignee,
            func.coalesce(BugVersion.restricted, False).label("restricted"),
        )
        .outerjoin(BugVersion, version)
        .where(
            CaseBug.case_number == number,
            CaseBug.linked_at <= instant,
            or_(CaseBug.unlinked_at.is_(None), CaseBug.unlinked_at > instant),
        )
        .order_by(CaseBug.tracker, CaseBug.key)
    )
    return cast("Select[Any]", found)


def comments_of(number: str, instant: datetime) -> Select[Any]:
    """The comments on a case and its card, newest first.

    Columns: source (portal, jira), id, author, text, at, is_public (None on a card).
    """
    portal = select(
        literal("portal").label("source"),
        Comment.source_id.label("id"),
        Comment.author,
        Comment.comment_text.label("text"),
        Comment.commented_at.label("at"),
        Comment.is_public,
    ).where(
        Comment.case_number == number,
        Comment.commented_at <= instant,
        or_(Comment.gone_at.is_(None), Comment.gone_at > instant),
    )
    card = select(
        literal("jira"),
        JiraComment.jira_comment_id,
        JiraComment.author,
        JiraComment.body,
        JiraComment.last_update_date,
        literal(None),
    ).where(
        JiraComment.case_number == number,
        JiraComment.last_update_date <= instant,
        or_(JiraComment.gone_at.is_(None), JiraComment.gone_at > instant),
    )
    told = union_all(portal, card).subquery("told")
    return select(told).order_by(told.c.at.desc(), told.c.source, told.c.id)
