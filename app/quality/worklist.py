"""A work list: entries of one fault that somebody has to mend where the data come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    and_,
    cast,
    false,
    func,
    not_,
    null,
    select,
)

from app.bugs import held, told_of
from app.mismatch import severity_number
from app.models import BugVersion, CaseVersion
from app.ranking import Ranking
from app.scope import Scope
from app.versions import VERSIONS, V
from app.view import View

Condition = ColumnElement[bool]
# A fault of a case, read off the columns of a version.
Fault = Callable[[Any], Condition]

# What every list tells of an entry. `subject` names the entry within its list, `told` says what is
# wrong in words, `since` is when it began to be so (UTC).
COLUMNS = (
    "subject",
    "number",
    "tracker",
    "bug",
    "card",
    "severity",
    "account",
    "summary",
    "told",
    "since",
)
_KINDS: dict[str, Any] = {"severity": Integer(), "since": DateTime(timezone=True)}


class Population:
    """The cases that the lists look at: those of a View at an instant, open or closed."""

    def __init__(self, scope: Scope) -> None:
        self.instant, self.board = scope.instant, scope.board
        self._scope = replace(scope, view=scope.view.only_filters())

    @cached_property
    def links(self) -> CTE:
        """The links of the open cases to bugs with what their tracker told, once for all lists.

        Columns: those of `app.bugs.held`, `created_date` and `valid_from` of the case; of the bug
        `bug_from`, `summary`, `told` (its severity), `number` (as one of cases), `target`,
        `restricted` and `gone`, NULL where nothing is known of it.
        """
        scope = replace(self._scope, view=self._scope.view.but(state="open"))
        links = held(scope, V.created_date, V.valid_from)
        return (
            select(
                links,
                BugVersion.valid_from.label("bug_from"),
                BugVersion.summary,
                BugVersion.severity.label("told"),
                severity_number(BugVersion.severity).label("number"),
                BugVersion.target,
                BugVersion.restricted,
                BugVersion.gone,
            )
            .select_from(links.outerjoin(BugVersion, told_of(links, self.instant)))
            .cte("links")
        )

    def cases(self, state: str) -> list[Condition]:
        """What a version must be to be one of the cases in a state."""
        view = self._scope.view.but(state=state)
        # Without the term of `Board.known` about updates, which the narrow indexes do not hold.
        now = and_(V.valid_from <= self.instant, V.valid_to > self.instant)
        return [
            self.board.known if self.board.live else now,
            *self.board.conditions(view),
        ]


@dataclass(frozen=True, slots=True)
class Found:
    """Entries as the parts of a statement: their table, conditions, and columns of `COLUMNS`.

    An entry's fault began at `earliest` or later, and by `latest`: finding out when exactly takes
    longer, and is then done for those alone that may be among the oldest. `wide`: an entry is a
    version `V`, whose row is better read when it is chosen.
    """

    table: Any
    where: list[Condition]
    columns: Mapping[str, ColumnElement[Any]]
    earliest: ColumnElement[Any] | None = None
    latest: ColumnElement[Any] | None = None
    wide: bool = False

    def told(self) -> list[Any]:
        """The columns in their order, missing ones NULL."""
        return [
            cast(self.columns.get(name, null()), _KINDS.get(name, Text())).label(name)
            for name in COLUMNS
        ]


@dataclass(frozen=True, slots=True)
class WorkList:
    """One fault: its name, what it is called, why it matters, and how its entries are found.

    `rows(view)` is the View of exactly those cases, None where no View says it or none can match;
    `ranking` the list of bugs that says it. `fault` is given where an entry is an open case and the
    fault lies in its version alone: such lists are counted together.
    """

    name: str
    title: str
    why: str
    find: Callable[[Population], Found]
    rows: Callable[[View], View | None] = lambda _view: None
    ranking: Ranking | None = None
    fault: Fault | None = field(default=None)


def of_cases(people: Population, state: str, fault: Fault, told: ColumnElement[Any]) -> Found:
    """The cases in a state that have a fault."""
    return Found(
        VERSIONS,
        [*people.cases(state), fault(V)],
        {
            "subject": V.case_number,
            "number": V.case_number,
            "card": V.card,
            "severity": V.severity,
            "account": V.account,
            "summary": V.summary,
            "told": told,
            "since": since_when(_in_state(state, fault)),
        },
        earliest=V.created_date,
        latest=V.valid_from,
        wide=True,
    )


def since_when(fault: Fault) -> ColumnElement[Any]:
    """Since when the case of `V` has had a fault without a break."""
    past = CaseVersion.__table__.alias("past").c
    sound = (
        select(past.valid_to)
        .where(
            past.case_number == V.case_number,
            past.valid_from < V.valid_from,
            not_(func.coalesce(fault(past), false())),
        )
        .order_by(past.valid_from.desc())
        .limit(1)
        .correlate(VERSIONS)
        .scalar_subquery()
    )
    return func.coalesce(sound, V.created_date)


def is_open(version: Any) -> Condition:
    """The case is open in a version."""
    opened: Condition = version.is_open
    return opened


def _in_state(state: str, fault: Fault) -> Fault:
    def both(version: Any) -> Condition:
        held_open = is_open(version)
        closed = not_(held_open) & not_(version.gone)
        return (held_open if state == "open" else closed) & fault(version)

    return both
