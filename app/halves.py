"""All cases at an instant as two halves, the open and the closed: each has an index of its own.

As they are now they are one: an index over all cases tells their milestones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    Select,
    case,
    cast,
    func,
    null,
    select,
    union_all,
)

from app import course
from app.course import MILESTONES
from app.scope import Scope
from app.versions import VERSIONS, V

Condition = ColumnElement[bool]
STATES: dict[bool | None, Literal["open", "closed", "all"]] = {
    True: "open",
    False: "closed",
    None: "all",
}


@dataclass(frozen=True, slots=True)
class Half:
    """The cases that are open at an instant, or those that are closed; None: both together."""

    instant: datetime
    is_open: bool | None

    def moment(self, column: str) -> ColumnElement[Any]:
        """When a milestone is reached, whatever the instant; NULL for never."""
        if column != "closed" or self.is_open is None:
            return MILESTONES[column]
        return cast(null(), DateTime(timezone=True)) if self.is_open else V.closed_at

    def reached(self, column: str) -> Condition:
        """The milestone was reached by the instant."""
        return func.coalesce(self.moment(column) <= self.instant, False)

    def until(self, column: str) -> ColumnElement[datetime]:
        """As `app.course.until`."""
        if self.is_open is None:
            return course.until(column, self.instant)
        now = cast(self.instant, DateTime(timezone=True))
        left = now if self.is_open else func.coalesce(V.closed_at, now)
        return case((self.reached(column), self.moment(column)), else_=left)


Told = Callable[[Half], Sequence[ColumnElement[Any]]]
Asked = Callable[[Half], Sequence[Condition]]
Both = Select[Any] | CompoundSelect[Any]


def of_both(scope: Scope, told: Told, asked: Asked = lambda _: ()) -> CompoundSelect[Any]:
    """Columns of all cases of a scope that meet a condition: the open ones, then the closed."""
    halves = (Half(scope.instant, True), Half(scope.instant, False))
    return union_all(*(of_half(half, scope, told, asked) for half in halves))


def of_all(scope: Scope, told: Told, asked: Asked = lambda _: ()) -> Both:
    """The same for who asks of open and closed cases alike: in one go where the scope is live."""
    if not scope.live:
        return of_both(scope, told, asked)
    return of_half(Half(scope.instant, None), scope, told, asked)


def of_half(half: Half, scope: Scope, told: Told, asked: Asked = lambda _: ()) -> Select[Any]:
    """The same of one half alone."""
    board, view = scope.board, scope.view.but(state=STATES[half.is_open])
    chosen = [board.known, *board.conditions(view), *asked(half)]
    return select(*told(half)).select_from(VERSIONS).where(*chosen)
