"""Target slips: how often, when and from what to what the target of a bug was moved."""

from typing import Any

from sqlalchemy import CTE, and_, case, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.links import NO_TARGET
from app.models import BugVersion
from app.scope import Scope

NO_MOVES = text("'[]'::jsonb")


def with_moves(known: CTE, scope: Scope) -> Any:
    """`known` with the moves of each bug's target, found for the rows that are shown alone."""
    past = BugVersion.__table__.alias("past").c
    target = case((past.target.not_in(NO_TARGET), past.target))
    before = func.lag(target).over(order_by=past.valid_from)
    seen = (
        select(past.valid_from.label("at"), before.label("before"), target.label("after"))
        .where(
            past.tracker == known.c.tracker,
            past.key == known.c.key,
            past.valid_from <= scope.instant,
        )
        .correlate(known)
        .subquery("seen")
    ).c
    moved = and_(seen.before.is_not(None), seen.before.is_distinct_from(seen.after))
    one = func.jsonb_build_object("at", seen.at, "from", seen.before, "to", seen.after)
    listed = func.coalesce(func.jsonb_agg(aggregate_order_by(one, seen.at)), NO_MOVES)
    number = select(func.count()).where(moved).scalar_subquery()
    moves = select(listed).where(moved).scalar_subquery()
    return select(known, number.label("slips"), moves.label("moves")).subquery("told")
