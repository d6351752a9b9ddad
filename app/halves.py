"""All cases at an instant as two halves, the open and the closed: each has an index of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    case,
    cast,
    func,
    null,
    select,
    union_all,
)

from app.course import MILESTONES
from app.scope import Scope
from app.versions import VERSIONS, V

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Half:
    """The cases that are open at an instant, or those that are closed."""

    instant: datetime
    is_open: bool

    def moment(self, column: str) -> ColumnElement[Any]:
        """When a milestone is reached, whatever the instant; NULL for never."""
        if column != "closed":
            return MILESTONES[column]
        return cast(null(), DateTime(timezone=True)) if self.is_open else V.closed_at

    def reached(self, column: str) -> Condition:
        """The milestone was reached by the instant."""
        return func.coalesce(self.moment(column) <= self.instant, False)

    def until(self, column: str) -> ColumnElement[datetime]:
        """As `app.course.until`."""
        now = cast(self.instant, DateTime(timezone=True))
        left = now if self.is_open else func.coalesce(V.closed_at, now)
        return case((self.reached(column), self.moment(column)), else_=left)


def of_both(
    scope: Scope,
    told: Callable[[Half], Sequence[ColumnElement[Any]]],
    asked: Callable[[Half], Sequence[Condition]] = lambda _: (),
) -> CompoundSelect[Any]:
    """Columns of all cases of a scope that meet a condition: the open ones, then the closed."""
    board, parts = scope.board, []
    for state in ("open", "closed"):
        half = Half(scope.instant, state == "open")
        chosen = [board.known, *board.conditions(scope.view.but(state=state)), *asked(half)]
        parts.append(select(*told(half)).select_from(VERSIONS).where(*chosen))
    return union_all(*parts)
