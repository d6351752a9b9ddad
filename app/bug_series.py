"""How many distinct bugs stand behind the open cases of a View, at a list of instants.

The places of instants at which a bug was linked to any open case are added up as a set. Each span
of it is a step up and a step down; those with a target are taken away from the second number.
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
from app.fence import fenced
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
    steps = [_steps(held, (1, 1)), _steps(aimed, (0, -1))]
    return running(steps, NAMES, len(instants))


def _with_bugs(view: View) -> View | None:
    """The View of those of its cases that have bugs; None where it asks for cases without."""
    if not view.bugs or "any" in view.bugs:
        return view.but(bugs=())
    return view.but(bugs=("untargeted",)) if "untargeted" in view.bugs else None


def _held(view: View, board: Board, instants: Sequence[datetime]) -> FromClause:
    """Per bug: at which places it was linked to an open case."""
    links = [_links(one, instants) for one in open_stretches(board, view, ())]
    told = union_all(*links).subquery("links")
    return (
        select(told.c.tracker, told.c.key, func.range_agg(told.c.held).label("held"))
        .group_by(told.c.tracker, told.c.key)
        .cte()
    )


def _links(one: Stretches, instants: Sequence[datetime]) -> Select[Any]:
    never = cast("infinity", DateTime(True))
    start = func.greatest(one.start, CaseBug.linked_at)
    end = func.least(one.end, func.coalesce(CaseBug.unlinked_at, never))
    found = fenced(
        select(
            CaseBug.tracker,
            CaseBug.key,
            place_of(start, instants).label("enters"),
            place_of(end, instants).label("leaves"),
        )
        .select_from(one.origin.join(CaseBug.__table__, CaseBug.case_number == V.case_number))
        .where(*one.where, *one.meeting(instants[0], instants[-1])),
        "found",
    ).c
    return select(
        found.tracker, found.key, func.int4range(found.enters, found.leaves).label("held")
    ).where(found.enters < found.leaves)


def _aimed(held: FromClause, instants: Sequence[datetime]) -> FromClause:
    """At which of these places bugs had a target; a row for each of their versions that has one."""
    known = BugVersion.__table__.c
    aimed = fenced(
        select(
            known.tracker,
            known.key,
            place_of(known.valid_from, instants).label("enters"),
            place_of(known.valid_to, instants).label("leaves"),
        )
        .where(known.target.not_in(NO_TARGET))
        .where(known.valid_from <= instants[-1], known.valid_to > instants[0]),
        "aimed",
    )
    span = func.int4multirange(func.int4range(aimed.c.enters, aimed.c.leaves))
    same = (aimed.c.tracker == held.c.tracker) & (aimed.c.key == held.c.key)
    return (
        select(held.c.held.op("*")(span).label("held"))
        .join_from(held, aimed, same)
        .where(aimed.c.enters < aimed.c.leaves)
        .subquery()
    )


def _steps(held: FromClause, step: tuple[int, int]) -> Select[Any]:
    """What each of `NAMES` steps up by where a span begins, and down where it ends."""
    span = func.unnest(held.c.held).table_valued("span").render_derived(name="spans")
    ends = select(func.lower(span.c.span).label("enters"), func.upper(span.c.span).label("leaves"))
    told = fenced(ends.select_from(held.join(span, true())), "told")
    sides = both_sides()
    place: ColumnElement[Any] = case((sides.c.side == 1, told.c.enters), else_=told.c.leaves)
    return (
        select(
            place.label("place"),
            *(
                (func.sum(sides.c.side) * by).label(name)
                for name, by in zip(NAMES, step, strict=True)
            ),
        )
        .select_from(told.join(sides, true()))
        .group_by(place)
    )
