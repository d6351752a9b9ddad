"""The bugs and issues behind the cases of a View, and how much waits for each.

A bug counts for every case of the View that is linked to it at the instant. `weight` adds up those
cases by severity (8, 4, 2, 1 from Urgent to Low; 1 where it is not set). `days_waited` adds up how
long each of them has waited on engineering since the link was made: the time within its versions of
that party, up to the instant.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    Select,
    SmallInteger,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.links import NO_TARGET, linked
from app.mismatch import severity_number
from app.models import BugVersion, CaseBug, CaseVersion
from app.ranking import TOGGLES, TRACKERS, Ranking
from app.scope import Scope
from app.slips import with_moves
from app.versions import VERSIONS, V
from app.words import SEVERITY_NAMES

PAGE_SIZE = 50
WEIGHTS = {1: 8, 2: 4, 3: 2}
SECONDS_PER_DAY = 86_400
PER_SEVERITY = (1, 2, 3, 4)
# The columns of a bug, in the order of the CSV.
COLUMNS = (
    "key",
    "tracker",
    "summary",
    "status",
    "severity",
    "target",
    "assignee",
    "cases",
    "accounts",
    "worst",
    "weight",
    "days_waited",
    "mismatched",
    "mismatch",
    "slips",
    "moves",
    "restricted",
    "gone",
)


def held(scope: Scope, *beside: ColumnElement[Any]) -> CTE:
    """The links of the View's cases to bugs: tracker, key, linked_at, and what the case is.

    `beside` are more columns of `V`.
    """
    view, at = scope.view.only_filters(), scope.instant
    chosen = [key for key in view.bug if key]
    return (
        select(
            CaseBug.tracker,
            CaseBug.key,
            CaseBug.linked_at,
            V.case_number,
            V.account,
            V.severity,
            *beside,
        )
        .select_from(VERSIONS)
        .join(CaseBug, linked(at))
        .where(scope.board.known, *scope.board.conditions(view))
        # Cases that have one of the bugs asked for may have others too.
        .where(CaseBug.key.in_(chosen) if chosen else true())
        .cte("held")
        # The planner expects far more open cases than there are, and would join all links first.
        .prefix_with("materialized")
    )


def told_of(table: Any, instant: datetime) -> ColumnElement[bool]:
    """The version of a table's bug (tracker, key) at an instant."""
    return and_(
        BugVersion.tracker == table.c.tracker,
        BugVersion.key == table.c.key,
        BugVersion.valid_from <= instant,
        BugVersion.valid_to > instant,
    )


def counted(links: CTE) -> CTE:
    """Per bug of `held` how much hangs on it, by severity (`cases_1` to `cases_4`) too."""
    column = links.c
    weight = case(
        *((column.severity == number, weight) for number, weight in WEIGHTS.items()), else_=1
    )
    return (
        select(
            column.tracker,
            column.key,
            func.count().label("cases"),
            func.count(column.account.distinct()).label("accounts"),
            cast(func.min(column.severity), SmallInteger).label("worst"),
            cast(func.sum(weight), Integer).label("weight"),
            *(
                func.count().filter(column.severity == number).label(f"cases_{number}")
                for number in PER_SEVERITY
            ),
        )
        .group_by(column.tracker, column.key)
        .cte("counted")
    )


def waited(links: CTE, scope: Scope) -> CTE:
    """Per bug of `held` how many days its cases have waited on engineering since linked."""
    stretch = CaseVersion.__table__.alias("stretch")
    column, version = links.c, stretch.c
    span = func.least(version.valid_to, scope.instant) - func.greatest(
        version.valid_from, column.linked_at
    )
    days = func.round(func.sum(func.extract("epoch", span)) / SECONDS_PER_DAY, 2)
    waiting = and_(
        version.case_number == column.case_number,
        # As written in the index of these stretches.
        version.waiting_on == text("'engineering'"),
        ~version.gone,
        version.valid_to > column.linked_at,
        version.valid_from < scope.instant,
    )
    return (
        select(column.tracker, column.key, cast(days, Float).label("days_waited"))
        .join(stretch, waiting)
        .group_by(column.tracker, column.key)
        .cte("waited")
    )


def judged(scope: Scope) -> CTE:
    """Every bug behind the cases of a View with all that is told of it but its moves of target."""
    links = held(scope)
    known, waits = _described(counted(links), scope), waited(links, scope)
    column = known.c
    others = {n: column.number != n for n in PER_SEVERITY}
    mismatched = sum(
        (case((others[n], column[f"cases_{n}"]), else_=0) for n in PER_SEVERITY), literal(0)
    )
    return (
        select(
            known,
            func.coalesce(waits.c.days_waited, 0.0).label("days_waited"),
            cast(mismatched, Integer).label("mismatched"),
            _mismatch_words(known, others).label("mismatch"),
        )
        .select_from(known)
        .outerjoin(waits, and_(waits.c.tracker == column.tracker, waits.c.key == column.key))
        .cte("judged")
    )


def _described(per_bug: CTE, scope: Scope) -> CTE:
    """What the tracker told of each bug; `number` is its severity as one of cases, 1..4."""
    return (
        select(
            per_bug,
            BugVersion.summary,
            BugVersion.status,
            BugVersion.severity,
            severity_number(BugVersion.severity).label("number"),
            case((BugVersion.target.not_in(NO_TARGET), BugVersion.target)).label("target"),
            BugVersion.assignee,
            func.coalesce(BugVersion.restricted, False).label("restricted"),
            func.coalesce(BugVersion.gone, False).label("gone"),
        )
        .select_from(per_bug)
        .outerjoin(BugVersion, told_of(per_bug, scope.instant))
        .cte("described")
        # Else the number would be looked up anew wherever it is used.
        .prefix_with("materialized")
    )


def _mismatch_words(known: CTE, others: dict[int, ColumnElement[bool]]) -> ColumnElement[str]:
    """How the severity of a bug differs: `bug is medium; 3 cases Urgent, 1 case High`."""
    parts = []
    for number in PER_SEVERITY:
        cases = known.c[f"cases_{number}"]
        noun = case((cases == 1, " case "), else_=" cases ")
        words = cast(cases, Text) + noun + SEVERITY_NAMES[number]
        parts.append(case((and_(others[number], cases > 0), words)))
    told = func.nullif(func.concat_ws(", ", *parts), "")
    return literal("bug is ") + known.c.severity + "; " + told


def passes(known: CTE, ranking: Ranking) -> dict[str, ColumnElement[bool]]:
    """What each filter of a ranking asks of a bug, by its name."""
    asked = {
        "tracker": known.c.tracker == ranking.tracker,
        "target": known.c.target.is_(None),
        "mismatch": known.c.mismatched > 0,
        "restricted": known.c.restricted,
    }
    return {name: asked[name] for name in ranking.filters()}


def order(table: Any, ranking: Ranking) -> list[ColumnElement[Any]]:
    """The terms of ORDER BY of a ranking; total, missing values last, texts by code point."""
    terms = []
    for name in (*ranking.sort, "-days_waited", "-cases", "tracker", "key"):
        column = table.c[name.removeprefix("-")]
        column = column.collate("C") if isinstance(column.type, Text) else column
        terms.append((column.desc() if name.startswith("-") else column.asc()).nulls_last())
    return terms


def ranked(scope: Scope, ranking: Ranking) -> Select[Any]:
    """The bugs behind the cases of a View, filtered and in order: the columns `COLUMNS`.

    `moves` is a JSON list of `{"at", "from", "to"}`, oldest first, of the target's changes once it
    was set; `to` is null where it was taken away.
    """
    told = with_moves(judged(scope), scope)
    return (
        select(*(told.c[name] for name in COLUMNS))
        .where(*passes(told, ranking).values())
        .order_by(*order(told, ranking))
    )


def ranked_file(scope: Scope, ranking: Ranking) -> Select[Any]:
    """The rows of `ranked` for a file: `moves` as words, `4.12 → 4.14 (2026-01-31); ...`."""
    table = ranked(scope, ranking).subquery("ranked")
    move = func.jsonb_array_elements(table.c.moves).table_valued("value", with_ordinality="place")
    move = move.render_derived(name="move", with_types=False)

    def part(name: str) -> ColumnElement[str]:
        return cast(move.c.value, JSONB).op("->>")(name)

    day = func.to_char(cast(part("at"), DateTime(timezone=True)), "YYYY-MM-DD")
    words = func.concat(part("from"), " → ", func.coalesce(part("to"), "no target"), " (", day, ")")
    told = select(func.string_agg(words, aggregate_order_by(literal("; "), move.c.place)))
    moves = cast(told.scalar_subquery(), Text).label("moves")
    return select(*(moves if name == "moves" else table.c[name] for name in COLUMNS))


def paged(scope: Scope, ranking: Ranking) -> Select[Any]:
    """One page of `ranked`, and on each row how many bugs there are (one row where there is none).

    `total`: with all filters; `n_<filter>`: with it and all others (`n_tracker_<name>` each).
    """
    known = judged(scope)
    told = with_moves(known, scope)
    top = (
        select(*(told.c[name] for name in COLUMNS))
        .where(*passes(told, ranking).values())
        .order_by(*order(told, ranking))
        .limit(PAGE_SIZE)
        .offset((ranking.page - 1) * PAGE_SIZE)
        .subquery("top")
    )
    numbers = select(*_numbers(known, ranking)).subquery("numbers")
    return (
        select(numbers, top)
        .select_from(numbers.outerjoin(top, true()))
        .order_by(*order(top, ranking))
    )


def _numbers(known: CTE, ranking: Ranking) -> list[Any]:
    chosen = passes(known, ranking)

    def number(name: str, asked: Ranking) -> Any:
        conditions = {**chosen, **passes(known, asked)}
        return func.count().filter(and_(true(), *conditions.values())).label(name)

    return [
        number("total", ranking),
        *(number(f"n_{name}", Ranking().but(**{name: value})) for name, value in TOGGLES.items()),
        *(number(f"n_tracker_{name}", Ranking(tracker=name)) for name in TRACKERS),
    ]
