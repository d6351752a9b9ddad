"""The bugs and issues that the open cases of a View wait for, those of most cases first."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Select, and_, func, select, true

from app.cache import remembered
from app.database import fetch_rows
from app.links import linked
from app.models import BugVersion, CaseBug
from app.scope import Scope
from app.version import Version
from app.versions import VERSIONS
from app.view import View

SHOWN = 200


@dataclass(frozen=True, slots=True)
class OpenBugs:
    """How many bugs there are, and the first `SHOWN` of them.

    A row has tracker, key, summary, status, target (each None where the tracker told none),
    restricted, and cases: how many open cases of the View are linked to it.
    """

    bugs: int
    rows: list[dict[str, Any]]


def open_bugs(scope: Scope, version: Version) -> OpenBugs:
    """The bugs behind the open cases of a scope's View; remembered by (scope, data version)."""

    def compute() -> str:
        return orjson.dumps(fetch_rows(bugs_select(scope))).decode()

    rows = orjson.loads(remembered(("open bugs", *scope.key, version.key), compute))
    names = ("tracker", "key", "summary", "status", "target", "restricted", "cases")
    return OpenBugs(
        rows[0][-1] if rows else 0, [dict(zip(names, row[:-1], strict=True)) for row in rows]
    )


def cases_of(key: str, scope: Scope) -> View:
    """The open cases of a View that are linked to a bug."""
    return scope.view.but(state="open", bug=(key,))


def bugs_select(scope: Scope) -> Select[Any]:
    """A row per bug in the order of `OpenBugs`, the number of all bugs last."""
    board, view = scope.board, scope.view.but(state="open")
    chosen = [key for key in view.bug if key]
    counted = (
        select(CaseBug.tracker, CaseBug.key, func.count().label("cases"))
        .select_from(VERSIONS)
        .join(CaseBug, linked(scope.instant))
        .where(board.known, *board.conditions(view))
        # A case that has one of the bugs asked for may have others too.
        .where(CaseBug.key.in_(chosen) if chosen else true())
        .group_by(CaseBug.tracker, CaseBug.key)
        .subquery("counted")
    )
    first = (
        select(counted, func.count().over().label("bugs"))
        .order_by(counted.c.cases.desc(), counted.c.tracker, counted.c.key.collate("C"))
        .limit(SHOWN)
        .subquery("first")
    )
    told = and_(
        BugVersion.tracker == first.c.tracker,
        BugVersion.key == first.c.key,
        BugVersion.valid_from <= scope.instant,
        BugVersion.valid_to > scope.instant,
    )
    return (
        select(
            first.c.tracker,
            first.c.key,
            BugVersion.summary,
            BugVersion.status,
            BugVersion.target,
            func.coalesce(BugVersion.restricted, False),
            first.c.cases,
            first.c.bugs,
        )
        .select_from(first.outerjoin(BugVersion, told))
        .order_by(first.c.cases.desc(), first.c.tracker, first.c.key.collate("C"))
    )
