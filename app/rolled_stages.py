"""How many cases reached each stage, out of the roll-up of stages."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Select, func, literal, select

from app.added_up import HOUR, added_up, rolled_by, whole_hour
from app.models import StageStep, StageStepByDay
from app.rolled import rolled_filters
from app.view import View

STAGES = ("created", "relieved", "resolved", "closed")


def rolled_stages(view: View, edges: Sequence[datetime]) -> list[Select[Any]]:
    """Steps of each stage by the places of the edges past the first: to be summed up.

    Those that were closed by the first edge are left out: they had reached every stage. The edges
    are rising, of whole hours but for the last: of its hour nothing is known after it.
    """
    bounds = [whole_hour(edge) + HOUR for edge in edges]
    of = rolled_by(StageStep, StageStepByDay, partial(rolled_filters, view))
    hours = added_up(of, bounds, lambda row: {name: row[name] for name in STAGES})
    after = hours.c.place > 0
    # All steps of a stage add up to nothing: those to come are who reached it, taken away.
    closed = func.coalesce(func.sum(hours.c.closed), 0)
    before = ((closed - func.coalesce(func.sum(hours.c[name]), 0)).label(name) for name in STAGES)
    place = (hours.c.place - 1).label("place")
    return [
        select(literal(0).label("place"), *before).where(after),
        select(place, *(hours.c[name] for name in STAGES)).where(after),
    ]
