"""Short lists of cases: the first rows of a View in an order that matters, and how many there are.

Like a panel, a list is declared once and asked with a Scope; one statement tells rows and number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    true,
)

from app.board import Board
from app.cache import remembered
from app.chosen import chosen
from app.database import fetch_rows
from app.metrics import CATALOGUE, Count
from app.scope import Scope
from app.selection import order
from app.version import Version
from app.versions import VERSIONS, V
from app.view import View

UNSAFE = ("at_risk", "breached")


@dataclass(frozen=True, slots=True)
class CaseList:
    """The first `size` cases of `rows(scope)`, a View; None where its filters leave no case.

    They come in the View's order, or with `time_left`, of open cases only, by the time left until
    the SLA target is used up: the least first, and after those with time left the cases whose time
    is over, the latest first. Of those, `parts` are counted apart: a name and filters by name.
    `columns` are the names of what is shown, `order` says the order in words.
    """

    name: str
    title: str
    question: str
    nothing: str
    rows: Callable[[Scope], View | None]
    columns: tuple[str, ...]
    size: int = 10
    time_left: bool = False
    order: str = ""
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says: its View, the number of its cases, those of its parts, the first rows.

    A row has by name: number, summary, account, engineer, severity, status, sla, created, updated,
    and, while the case is open and has a target, `breach`: the instant when it is used up. Instants
    are UTC.
    """

    view: View | None
    cases: int
    parts: dict[str, tuple[int, View]]
    rows: list[dict[str, Any]]


def _count(name: str) -> Count:
    metric = CATALOGUE[name]
    if not isinstance(metric, Count):
        raise TypeError(f"{name} is no count of cases")
    return metric


def _unsafe(scope: Scope) -> View | None:
    both = Count("unsafe", "", "", only={"sla": UNSAFE}).rows(scope.view, scope.instant)
    return both.but(sort=("sla_remaining_days",)) if both else None


def _new(scope: Scope) -> View | None:
    rows = _count("opened_last_week").rows(scope.view, scope.instant)
    return rows.but(sort=("-created",)) if rows else None


AT_RISK = CaseList(
    name="at_risk",
    title="At risk or breached",
    question="Which open cases run out of time, and when?",
    nothing="No open case has used up more than half of its time.",
    rows=_unsafe,
    columns=("number", "summary", "account", "severity", "breach", "left"),
    time_left=True,
    parts={"at risk": {"sla": ("at_risk",)}, "breached": {"sla": ("breached",)}},
    order="least time left first, then what is over",
)
NEW = CaseList(
    name="new",
    title="New in the last 7 days",
    question="What has come in?",
    order="newest first",
    nothing="No case was created in the last 7 days.",
    rows=_new,
    columns=("number", "summary", "account", "severity", "engineer", "created"),
)
OF_ACCOUNT = CaseList(
    name="of_account",
    title="Cases",
    question="Which cases are these?",
    nothing="No case is like that.",
    rows=lambda scope: scope.view,
    columns=("number", "summary", "severity", "status", "engineer", "left", "updated"),
    size=20,
    order="latest update first",
)
OF_ENGINEER = CaseList(
    name="of_engineer",
    title="Cases",
    question="Which cases are these?",
    nothing="No case is like that.",
    rows=lambda scope: scope.view,
    columns=("number", "summary", "account", "severity", "status", "left", "updated"),
    size=20,
    order="latest update first",
)
CASE_LISTS = {told.name: told for told in (AT_RISK, NEW, OF_ACCOUNT, OF_ENGINEER)}

SHOWN = (
    "number",
    "summary",
    "account",
    "engineer",
    "severity",
    "status",
    "sla",
    "created",
    "updated",
)
_INSTANTS = ("created", "updated", "breach")


def listed(asked: CaseList, scope: Scope, version: Version) -> Listed:
    """What a list says under a scope; remembered by (list, filters, order, instant, version)."""
    view = asked.rows(scope)
    if view is None:
        return Listed(None, 0, {}, [])
    key = ("list", asked.name, *scope.key, version.key)
    told = orjson.loads(remembered(key, lambda: _compute(asked, view, scope)))
    counts = dict(zip(asked.parts, told["parts"], strict=True))
    parts = {
        name: (counts[name], part)
        for name, filters in asked.parts.items()
        if (part := Count(name, "", "", only=filters).rows(view, scope.instant)) is not None
    }
    return Listed(view, told["cases"], parts, [_read(row) for row in told["rows"]])


def _compute(asked: CaseList, view: View, scope: Scope) -> str:
    found = fetch_rows(listing(asked, view, scope.board))
    sums = 1 + len(asked.parts)
    names = (*SHOWN, "breach")
    rows = [dict(zip(names, row[sums:], strict=True)) for row in found if row[sums] is not None]
    return orjson.dumps(
        {"cases": found[0][0], "parts": list(found[0][1:sums]), "rows": rows}
    ).decode()


def _read(row: dict[str, Any]) -> dict[str, Any]:
    instants = {name: row[name] and datetime.fromisoformat(row[name]) for name in _INSTANTS}
    return {**row, **instants}


def listing(asked: CaseList, view: View, board: Board) -> Select[Any]:
    """The number of cases, that of each part, and the columns `SHOWN` and `breach` of a list.

    Without a row the numbers stand alone.
    """
    sums, page = (_by_time_left if asked.time_left else _by_order)(asked, view, board)
    rows = (
        select(
            page.c.at,
            *(board.expression(name).label(name) for name in SHOWN),
            case((V.is_open, board.breach())).label("breach"),
        )
        .select_from(VERSIONS)
        .join(page, page.c.case_number == V.case_number)
        .where(board.known)
        .subquery("rows")
    )
    told = [column for column in rows.c if column.name != "at"]
    return select(*sums.c, *told).select_from(sums.outerjoin(rows, true())).order_by(rows.c.at)


def _by_order(asked: CaseList, view: View, board: Board) -> tuple[Subquery, Subquery]:
    """The number of a View's cases, and the first of them in its order: their number and place."""
    held, terms = (board.known, *board.conditions(view)), [key.by for key in order(view, board)]
    sums = select(func.count().label("cases")).select_from(VERSIONS).where(*held).subquery("sums")
    page = select(V.case_number, _place(terms)).where(*held).order_by(*terms).limit(asked.size)
    return sums, page.subquery("page")


def _by_time_left(asked: CaseList, view: View, board: Board) -> tuple[Subquery, Subquery]:
    """The same by the time left, with the number of each part; one pass over the open cases."""
    parts = {
        f"part_{place}": and_(true(), *board.open_filters(View(**filters)))
        for place, filters in enumerate(asked.parts.values())
    }
    held = chosen(
        board,
        view,
        V.case_number,
        board.breach().label("breach"),
        *(condition.label(name) for name, condition in parts.items()),
    ).cte("held")
    sums = select(
        func.count().label("cases"),
        *(func.count().filter(held.c[name]).label(name) for name in parts),
    ).subquery("sums")
    now, breach = literal(board.instant, DateTime(timezone=True)), held.c.breach
    first = select(
        held.c.case_number,
        (breach <= now).label("over"),
        case((breach > now, breach)).label("ahead"),
        breach,
        held.c.case_number.collate("C").label("number"),
    )
    # Numbered after the limit: before it all would be sorted.
    page = first.order_by(*_soonest(first.selected_columns)).limit(asked.size).subquery("first")
    return sums, select(page.c.case_number, _place(_soonest(page.c))).subquery("page")


def _soonest(told: Any) -> list[ColumnElement[Any]]:
    """The order by the time left: the least first, then what is over, the latest first."""
    return [told.over, told.ahead, told.breach.desc(), told.number]


def _place(terms: list[Any]) -> ColumnElement[int]:
    return func.row_number().over(order_by=terms).label("at")
