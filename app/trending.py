"""Trending: the cases whose card has the label `Trends`, whatever their state, in groups."""

from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import Integer, Select, cast, func, select

from app.board import Board
from app.cache import remembered
from app.database import plain, snapshot
from app.links import first_comment, latest_comment
from app.scope import Scope
from app.version import Version
from app.versions import VERSIONS, V
from app.view import View

LABEL = "Trends"
GROUPS_SHOWN = 20
CASES_SHOWN = 4
By = Literal["product", "account"]


@dataclass(frozen=True, slots=True)
class Group:
    """The trending cases of one product or account; `rows` are the latest updated of them."""

    value: str | None
    cases: int
    open_cases: int
    rows: list[dict[str, Any]]


def trending_view(view: View) -> View | None:
    """The View of all trending cases of a View; None where it asks for other labels only."""
    if view.label and LABEL not in view.label:
        return None
    return view.only_filters().but(state="all", label=(LABEL,))


def trending(scope: Scope, by: By, version: Version) -> list[Group]:
    """The groups with most cases, at most `GROUPS_SHOWN`; instants are ISO 8601 texts in UTC.

    Remembered by (View, instant, data version).
    """
    if trending_view(scope.view) is None:
        return []
    key = ("trending", by, *scope.key, version.key)
    told = orjson.loads(remembered(key, lambda: _compute(scope, by)))
    groups: dict[str | None, Group] = {}
    for row in told:
        group = Group(row[by], row["group_cases"], row["group_open"], [])
        groups.setdefault(row[by], group).rows.append(row)
    return list(groups.values())


def trending_select(scope: Scope, by: By) -> Select[Any]:
    """The latest updated cases of each group, with the group's numbers on each row."""
    view = trending_view(scope.view)
    assert view is not None  # noqa: S101 - the caller has asked
    board = scope.board
    group = board.expression(by)
    known = (
        select(
            V.case_number,
            V.valid_from,
            group.label("value"),
            func.row_number()
            .over(partition_by=group, order_by=(V.updated_at.desc(), V.case_number))
            .label("place"),
            func.count().over(partition_by=group).label("cases"),
            cast(func.sum(cast(V.is_open, Integer)).over(partition_by=group), Integer).label(
                "open_cases"
            ),
        )
        .where(*_known(board, scope), *board.conditions(view))
        .subquery("known")
    )
    placed = (
        select(
            known,
            func.dense_rank()
            .over(order_by=(known.c.cases.desc(), known.c.value.collate("C").asc().nulls_last()))
            .label("group_place"),
        )
        .where(known.c.place <= CASES_SHOWN)
        .subquery("placed")
    )
    # The offset keeps PostgreSQL 18 from seeing that both are one table.
    chosen = select(placed).where(placed.c.group_place <= GROUPS_SHOWN).offset(0).subquery("chosen")
    names = ("number", "severity", "summary", "status", "account", "product", "age_days")
    return (
        select(
            *(board.expression(name).label(name) for name in names),
            V.is_open,
            chosen.c.cases.label("group_cases"),
            chosen.c.open_cases.label("group_open"),
            first_comment(board.instant, "text").label("first_text"),
            first_comment(board.instant, "at").label("first_at"),
            latest_comment(board.instant, "text").label("latest_text"),
            latest_comment(board.instant, "at").label("latest_at"),
        )
        .select_from(VERSIONS)
        .join(
            chosen,
            (chosen.c.case_number == V.case_number) & (chosen.c.valid_from == V.valid_from),
        )
        .order_by(chosen.c.group_place, chosen.c.place)
    )


def _known(board: Board, scope: Scope) -> list[Any]:
    """The versions at the instant, without the term that the index of this label does not hold."""
    if scope.live:
        return [board.known]
    return [V.valid_from <= scope.instant, V.valid_to > scope.instant]


def _compute(scope: Scope, by: By) -> str:
    with snapshot() as connection:
        return orjson.dumps(plain(connection, trending_select(scope, by))).decode()
