"""Loading cases that are staged: with all that follows from them, beside a bare upsert of the same.

Everything is rolled back, so that the world stays as it is; what a commit costs is left out of both.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from app import database
from benchmarks import upsert
from benchmarks.figure import Figure
from benchmarks.stack import Stack
from benchmarks.timing import seconds
from etl import load as loading
from etl.records import Fact, Observation, Record, canonical_instant
from etl.runs import START

PART = "Loading"
MOST, QUICK, OLD_CASES = 100_000, 10_000, 10_000
# So many take long enough to be measured once.
MANY = 20_000
OLD_NEW_MS, OLD_REFRESH_MS = 14_600, 26_000
KNOWN = """
select case_number, created_date, last_update, severity, status, owner, account, summary, product
from cases where gone_at is null order by case_number limit :limit
"""
FIELDS = ("severity", "status", "owner", "account", "summary", "product")
WHY = (
    "the bare upsert keeps the current row and one fact for each change; a load derives also the "
    "versions, the hourly roll-up and the words searched for, in the same transaction"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A case as a source tells it now."""

    number: str
    created: datetime
    updated: datetime
    values: tuple[str | None, ...]


def measure(stack: Stack) -> Iterator[Figure]:
    """Cases that are known, of which none, few or all have changed; and new ones."""
    most = min(QUICK if stack.quick else MOST, stack.cases)
    with database.engine().connect() as connection:
        found = connection.execute(text(KNOWN), {"limit": most})
        known = [Told(row[0], row[1], row[2], tuple(map(_text, row[3:]))) for row in found]
    before = {one.number: one for one in known}
    now = datetime.now(UTC)
    for share, every in (("none", 0), ("1 %", 100), ("all", 1)):
        told = [
            _changed(one, now) if every and n % every == 0 else one for n, one in enumerate(known)
        ]
        what = f"{len(told):,} staged cases, {share} changed"
        bare, took, staged = _both(told, before)
        yield Figure.times(PART, what, bare, took, 2, "the bare upsert", reason=WHY)
        yield Figure.told(PART, f"{what}: getting them staged", staged)
    some = known[:OLD_CASES]
    number, share_of_old = f"{len(some):,}", len(some) / OLD_CASES
    new = [replace(one, number=f"N{one.number}") for one in some]
    bare, took, staged = _both(new, before)
    yield Figure.times(
        PART, f"{number} new cases, staged", bare, took, 2, "the bare insert", reason=WHY
    )
    yield Figure.faster(
        PART,
        f"{number} new cases, staging included",
        OLD_NEW_MS * share_of_old,
        took + staged,
        50,
        "the old system",
    )
    told = [_changed(one, now) if n % 100 == 0 else one for n, one in enumerate(some)]
    _, took, staged = _both(told, before)
    yield Figure.faster(
        PART,
        f"{number} cases refreshed, 1 % changed, staging included",
        OLD_REFRESH_MS * share_of_old,
        took + staged,
        50,
        "the old system",
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _changed(one: Told, now: datetime) -> Told:
    severity = "1" if one.values[0] != "1" else "2"
    return replace(one, updated=now, values=(severity, "Waiting on Customer", *one.values[2:]))


def _both(told: list[Told], before: dict[str, Told]) -> tuple[float, float, float]:
    """Milliseconds of the bare upsert, of the load, and of its staging; the better of two, of few."""
    records = list(_records(told, before))
    rows = [(one.number, one.created, one.updated, *one.values) for one in told]
    times = []
    for _ in range(1 if len(told) > MANY else 2):
        bare = _rolled_back(lambda connection: upsert.staged(connection, rows))
        times.append((bare, *_load(records)))
    bare, took, staged = (min(kind) for kind in zip(*times, strict=True))
    return bare, took, staged


def _records(told: list[Told], before: dict[str, Told]) -> Iterator[Record]:
    """What a source tells of cases now; of those that are as `before`, no update is new."""
    seen = datetime.now(UTC) + timedelta(seconds=1)
    for position, one in enumerate(told, start=1):
        facts = [Fact(name, value, one.updated)
                 for name, value in zip(FIELDS, one.values, strict=True)]  # fmt: skip
        if before.get(one.number) != one:
            dated = [Fact("updated", canonical_instant(one.updated), one.updated)]
            if one.number not in before:
                dated.append(Fact("created", canonical_instant(one.created), one.created))
            yield Observation(position, one.number, tuple(dated))
        yield Observation(position, one.number, tuple(facts), "case", "state", one.updated, seen)


def _load(records: list[Record]) -> tuple[float, float]:
    """Milliseconds of a load from when all is staged, and of the staging."""
    staging: list[float] = []
    stage: Any = loading._stage  # noqa: SLF001 - told apart here, and nowhere else

    def noted(*given: Any) -> Any:
        begun = time.perf_counter()
        try:
            return stage(*given)
        finally:
            staging.append(1e3 * (time.perf_counter() - begun))

    loading._stage = noted  # type: ignore[assignment]  # noqa: SLF001
    try:
        whole = _rolled_back(lambda connection: lambda: _run(connection, records))
    finally:
        loading._stage = stage  # noqa: SLF001
    return whole - staging[0], staging[0]


def _run(connection: Connection, records: list[Record]) -> None:
    run_id = connection.execute(text(START), {"sync": "bench", "source": "bench"}).scalar_one()
    loading.load(connection, run_id, "bench", records)


def _rolled_back(prepared: Callable[[Connection], Callable[[], object]]) -> float:
    """Milliseconds of some work in a transaction that is rolled back; what prepares it is not."""
    with database.engine().connect() as connection, connection.begin() as work:
        connection.execute(text("set local statement_timeout = 0"))
        try:
            return 1e3 * seconds(prepared(connection))
        finally:
            work.rollback()
