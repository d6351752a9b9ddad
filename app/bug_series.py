"""How many distinct bugs stand behind the open cases of a View, at a list of instants.

The times in which a bug was linked to any open case are added up as a set. Each stretch of it is a
step up and a step down; those in which the bug had a target are taken away from the second number.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Select,
    case,
    cast,
    func,
    select,
    true,
    union_all,
)

from app.board import Board
from app.links import NO_TARGET
from app.models import BugVersion, CaseBug
from app.series import both_sides, place_of, running
from app.spans import Stretches, open_stretches
from app.versions import V
from app.view import View

NAMES = ("bugs_unique", "bugs_no_target")


def bug_series(view: View, board: Board, instants: Sequence[datetime]) -> Select[Any]:
    """`place`, `bugs_unique` and `bugs_no_target` at each of some rising instants."""
    asked = _with_bugs(view)
    if asked is None:
        return running([], NAMES, len(instants))
    held = _held(asked, board, instants)
    aimed = _aimed(held, instants)
    steps = [_steps(held, (1, 1), instants), _steps(aimed, (0, -1), instants)]
    return running(steps, NAMES, len(instants))


def _with_bugs(view: View) -> View | None:
    """The View of those of its cases that have bugs; None where it asks for cases without."""
    if not view.bugs or "any" in view.bugs:
        return view.but(bugs=())
    return view.but(bugs=("untargeted",)) if "untargeted" in view.bugs else None


def _held(view: View, board: Board, instants: Sequence[datetime]) -> FromClause:
    """Per bug: while it was linked to an open case."""
    first, last = instants[0], instants[-1]
    links = [_links(one, first, last) for one in open_stretches(board, view)]
    told = union_all(*links).subquery("links")
    return (
        select(told.c.tracker, told.c.key, func.range_agg(told.c.held).label("held"))
        .group_by(told.c.tracker, told.c.key)
        .cte()
    )


def _aimed(held: FromClause, instants: Sequence[datetime]) -> FromClause:
    """While bugs had a target besides; a row for each of their versions that has one."""
    version = func.tstzmultirange(func.tstzrange(BugVersion.valid_from, BugVersion.valid_to))
    same = (BugVersion.tracker == held.c.tracker) & (BugVersion.key == held.c.key)
    return (
        select(held.c.held.op("*")(version).label("held"))
        .join_from(held, BugVersion, same)
        .where(BugVersion.target.not_in(NO_TARGET))
        .where(BugVersion.valid_from <= instants[-1], BugVersion.valid_to > instants[0])
        .subquery()
    )


def _links(one: Stretches, first: datetime, last: datetime) -> Select[Any]:
    never = cast("infinity", DateTime(True))
    start = func.greatest(one.start, CaseBug.linked_at)
    end = func.least(one.end, func.coalesce(CaseBug.unlinked_at, never))
    return (
        select(CaseBug.tracker, CaseBug.key, func.tstzrange(start, end).label("held"))
        .select_from(one.origin.join(CaseBug.__table__, CaseBug.case_number == V.case_number))
        .where(*one.where, *one.meeting(first, last), start < end)
        .where(start <= last, end > first)
    )


def _steps(held: FromClause, step: tuple[int, int], instants: Sequence[datetime]) -> Select[Any]:
    """What each of `NAMES` steps up by where a span begins, and down where it ends."""
    span = func.unnest(held.c.held).table_valued("span").render_derived(name="spans")
    sides = both_sides()
    moment: ColumnElement[Any] = case(
        (sides.c.side == 1, func.lower(span.c.span)), else_=func.upper(span.c.span)
    )
    place = place_of(cast(moment, DateTime(True)), instants)
    return (
        select(
            place.label("place"),
            *(
                (func.sum(sides.c.side) * by).label(name)
                for name, by in zip(NAMES, step, strict=True)
            ),
        )
        .select_from(held.join(span, true()).join(sides, true()))
        .group_by(place)
    )
