"""What was said about cases in a period, on the case or on its card, as SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from app.board import Board
from app.models import Comment, JiraComment
from app.report.steps import STANDING, standing
from app.versions import TICK
from app.view import View

LONGEST_AUTHOR = 200


def latest(view: View, start: datetime, end: datetime, longest: int) -> Select[Any]:
    """The latest comment in `[start, end)` on each case of a View or on its card.

    Columns: `number`, `at`, `author`, `source` (portal, jira), `text` (at most `longest`
    characters), `length` (of the whole), `comments` (how many the case has in the period), and
    `end_<name>` for each of `STANDING`.
    """
    said = said_in(start, end, longest)
    counted = func.count().over(partition_by=said.c.number).label("comments")
    newest = (
        select(said, counted)
        .ext(distinct_on(said.c.number))
        .order_by(said.c.number, said.c.at.desc(), said.c.text, said.c.id)
        .subquery("newest")
    )
    board = Board.at(end - TICK)
    n = newest.c
    case = standing(board, view, n.number)
    return select(
        n.number,
        n.at,
        n.author,
        n.source,
        n.text,
        n.length,
        n.comments,
        *(case.c[name].label(f"end_{name}") for name in STANDING),
    ).select_from(newest.join(case, true()))


def said_in(start: datetime, end: datetime, longest: int) -> Any:
    """Every comment of `[start, end)` that was still there at its end, as a subquery.

    Columns: `number` (of the case), `at`, `author`, `source` (portal, jira), `text` (at most
    `longest` characters), `length` (of the whole), `is_public` (None on a card), `id`.
    """

    def part(model: Any, source: str, text: Any, at: Any, key: Any, public: Any) -> Select[Any]:
        there: ColumnElement[bool] = or_(model.gone_at.is_(None), model.gone_at >= end)
        return select(
            model.case_number.label("number"),
            at.label("at"),
            func.left(model.author, LONGEST_AUTHOR).label("author"),
            literal(source, Text).label("source"),
            func.left(func.coalesce(text, ""), longest).label("text"),
            func.length(func.coalesce(text, "")).label("length"),
            public.label("is_public"),
            key.label("id"),
        ).where(at >= start, at < end, there)

    return union_all(
        part(
            Comment,
            "portal",
            Comment.comment_text,
            Comment.commented_at,
            Comment.source_id,
            Comment.is_public,
        ),
        part(
            JiraComment,
            "jira",
            JiraComment.body,
            JiraComment.last_update_date,
            JiraComment.jira_comment_id,
            null(),
        ),
    ).subquery("said")
