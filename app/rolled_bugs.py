"""How many bugs stand behind open cases, out of the roll-up of bugs, where it can tell them.

It knows the bugs of cases of each severity, and those of all cases. Of several severities they do
not add up: cases of two may wait for one bug.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all

from app.added_up import HOUR, Columns, added_up, from_the_end, rolled_by, whole_hour
from app.bug_series import NAMES, bug_series
from app.models import ANY_SEVERITY, BugStep, BugStepByDay
from app.parted_hour import parted_hour
from app.rolled import rolls
from app.scope import Scope
from app.series import running
from app.view import View


def rolls_bugs(scope: Scope, instants: Sequence[datetime]) -> bool:
    """Whether the roll-up can answer: one severity or any."""
    view = scope.view
    known = set(view.filters()) <= {"state", "severity"} and len(view.severity) <= 1
    return known and rolls(scope, instants)


def rolled_bugs(scope: Scope, instants: Sequence[datetime]) -> Select[Any]:
    """`place` and a column per name of `NAMES` at rising instants that `rolls_bugs` allows."""
    if parted_hour(scope, instants) is None:
        return _rolled(scope, instants)
    # No index tells which links came in an hour up to its instant: there the bugs are counted.
    last = bug_series(scope.view, scope.board, instants[-1:]).subquery("last").c
    before = len(instants) - 1
    told = [select((last.place + before).label("place"), *(last[name] for name in NAMES))]
    if before:
        told.append(select(_rolled(scope, instants[:-1]).subquery("rolled")))
    every = union_all(*told).subquery("every_instant")
    return select(every).order_by(every.c.place)


def _rolled(scope: Scope, instants: Sequence[datetime]) -> Select[Any]:
    bounds = [whole_hour(edge) + HOUR for edge in instants]
    of = rolled_by(BugStep, BugStepByDay, partial(_asked, scope.view))
    hours = added_up(of, bounds, lambda row: {name: row[name] for name in NAMES})
    return running(from_the_end(hours, NAMES), NAMES, len(instants))


def _asked(view: View, told: Columns) -> list[ColumnElement[bool]]:
    [severity] = view.severity or (ANY_SEVERITY,)
    return [told.severity == severity]
