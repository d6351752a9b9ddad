"""Loading cases that are staged: with all that follows from them, beside a bare upsert of the same.

And beside the writing of the rows that the load comes to, without anything that finds them.
Everything is rolled back, so that the world stays as it is; what a commit costs is left out of both.
The rows that were written stand in nobody's way after it: they are vacuumed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from app import away, database
from benchmarks import upsert, written
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
    "the bare upsert keeps the current row and a fact for each change; a load keeps also the "
    "versions with the indexes that pages go by, the roll-ups and the words searched for, in "
    "the same transaction. To write its rows, when all are known, takes {written:,.0f} ms alone; "
    "the load, which finds them out, {ratio:.1f} times that"
)
UNCHANGED_WHY = (
    "the bare upsert compares a row with a row; a load compares each value with all that its source "
    "has told of it, by when it held and in which order it was told, and notes that it was seen"
)
OLD_WHY = (
    "the bare insert of the current rows and their facts alone takes {bare:,.0f} ms, more than the "
    "budget"
)


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds: of the bare upsert, of the load, of its staging, of writing its rows alone."""

    bare: float
    load: float
    staging: float
    writing: float

    @property
    def reason(self) -> str:
        """Why the load takes longer than the bare upsert."""
        return WHY.format(written=self.writing, ratio=self.load / self.writing)


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
        took = _took(told, before)
        yield from _beside_bare(what, took)
    some = known[:OLD_CASES]
    number, share_of_old = f"{len(some):,}", len(some) / OLD_CASES
    took = _took([replace(one, number=f"N{one.number}") for one in some], before)
    yield from _beside_bare(f"{number} new cases, staged", took)
    limit = OLD_NEW_MS * share_of_old
    yield Figure.faster(
        PART, f"{number} new cases, staging included", limit, took.load + took.staging, 50,
        "the old system", reason=OLD_WHY.format(bare=took.bare) if took.bare > limit / 50 else "",
    )  # fmt: skip
    took = _took(
        [_changed(one, now) if n % 100 == 0 else one for n, one in enumerate(some)], before
    )
    yield Figure.faster(
        PART, f"{number} cases refreshed, 1 % changed, staging included",
        OLD_REFRESH_MS * share_of_old, took.load + took.staging, 50, "the old system",
    )  # fmt: skip
    _vacuum()


def _vacuum() -> None:
    """Indexes alone answer again, as in a world that nobody has loaded anything into."""
    with away.by_itself(database.engine()) as connection:
        connection.execute(text("set statement_timeout = 0"))
        for table in written.TABLES:
            connection.execute(text(f"vacuum (analyze) {table}"))
        connection.execute(text("reset statement_timeout"))


def _beside_bare(what: str, took: Took) -> Iterator[Figure]:
    yield Figure.times(
        PART,
        what,
        took.bare,
        took.load,
        2,
        "the bare upsert",
        reason=took.reason if took.writing else UNCHANGED_WHY,
    )
    yield Figure.told(PART, f"{what}: getting them staged", took.staging)
    if took.writing:
        yield Figure.told(PART, f"{what}: writing the rows of the load alone", took.writing)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _changed(one: Told, now: datetime) -> Told:
    severity = "1" if one.values[0] != "1" else "2"
    return replace(one, updated=now, values=(severity, "Waiting on Customer", *one.values[2:]))


def _took(told: list[Told], before: dict[str, Told]) -> Took:
    """How long it all takes; the best of two, of few."""
    records = list(_records(told, before))
    rows = [(one.number, one.created, one.updated, *one.values) for one in told]
    rounds = 1 if len(told) > MANY else 2
    bare, loads = [], []
    for _ in range(rounds):
        bare.append(_rolled_back(lambda connection: upsert.staged(connection, rows)))
        loads.append(_load(records))
    left = loads[0][2]
    writing = [
        _rolled_back(lambda connection: written.staged(connection, left)) for _ in range(rounds)
    ]
    load, staging = min(one[0] for one in loads), min(one[1] for one in loads)
    return Took(min(bare), load, staging, min(writing) if any(left.values()) else 0)


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


def _load(records: list[Record]) -> tuple[float, float, dict[str, bytes]]:
    """Milliseconds of a load from when all is staged, and of the staging; what it has written."""
    staging: list[float] = []
    left: dict[str, bytes] = {}
    stage: Any = loading._stage  # noqa: SLF001 - told apart here, and nowhere else

    def noted(*given: Any) -> Any:
        begun = time.perf_counter()
        try:
            return stage(*given)
        finally:
            staging.append(1e3 * (time.perf_counter() - begun))

    loading._stage = noted  # type: ignore[assignment]  # noqa: SLF001
    try:
        whole = _rolled_back(
            lambda connection: lambda: _run(connection, records),
            lambda connection: left.update(written.rows(connection)),
        )
    finally:
        loading._stage = stage  # noqa: SLF001
    return whole - staging[0], staging[0], left


def _run(connection: Connection, records: list[Record]) -> None:
    run_id = connection.execute(text(START), {"sync": "bench", "source": "bench"}).scalar_one()
    loading.load(connection, run_id, "bench", records)


def _rolled_back(
    prepared: Callable[[Connection], Callable[[], object]],
    then: Callable[[Connection], object] = lambda _: None,
) -> float:
    """Milliseconds of some work in a transaction that is rolled back, without what is around it.

    `prepared` makes the work; `then` looks at what it has done.
    """
    with database.engine().connect() as connection, connection.begin() as work:
        connection.execute(text("set local statement_timeout = 0"))
        try:
            took = 1e3 * seconds(prepared(connection))
            then(connection)
            return took
        finally:
            work.rollback()
