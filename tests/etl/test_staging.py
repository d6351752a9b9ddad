"""What a load passes over, as the rows of cases say it already: nothing that would have been kept."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import database
from etl import load as loading
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from etl.staging import SAID, UNFOLD
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
LONG = "long " * 60
# What a row says of a text too long for a name, which a source may say too.
SHORTENED = LONG[:60] + "…"
VALUES = {field: ["a", 'b "c" \\ {d}\n', None] for field in sorted(SAID)} | {
    "severity": ["1", "3", None],
    "status": ["New", "Closed", LONG, SHORTENED],
    "owner": ["Ann", LONG, SHORTENED, None],
    "escalated": ["yes", "no"],
    "gone": ["true", "false"],
}
FACTS = """
select replace(key, :world, ''), field, value, at, seq, actor from changes
where key like :world || '%' order by 1, 2, 4, 5, 3, 6
"""


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY) as url:
        yield url


@st.composite
def observation(draw):
    """What a source tells of one of two cases: some fields of it, as they are or as they became."""
    fields = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=6, unique=True))
    at = BORN + timedelta(hours=draw(st.integers(0, 6)))
    facts = tuple(
        Fact(field, draw(st.sampled_from(VALUES[field])), at, draw(st.sampled_from([0, 0, 1])))
        for field in fields
    )
    kind = draw(st.sampled_from(["state", "state", "state", "event", "origin"]))
    return draw(st.integers(0, 1)), facts, kind, at


def one(field: str, value: str, hour: int, kind: str = "state"):
    """An observation of the first case."""
    at = BORN + timedelta(hours=hour)
    return 0, (Fact(field, value, at),), kind, at


_worlds = iter(range(10**9))


# What the row says is told last, but not alone.
@example(
    told=[one("status", "New", 1), one("status", "Closed", 2), one("status", "New", 3)], cuts=[1]
)
@example(
    told=[one("status", "New", 1), one("status", "Closed", 2, "event"), one("status", "New", 3)],
    cuts=[1],
)
@example(told=[one("owner", LONG, 1), one("owner", SHORTENED, 2)], cuts=[1])
@settings(max_examples=25)
@given(
    told=st.lists(observation(), min_size=1, max_size=10),
    cuts=st.lists(st.integers(0, 10), max_size=5),
)
def test_the_same_is_kept_as_if_each_fact_were_looked_up(desk, told, cuts):
    batches = [told[start:end] for start, end in pairwise(sorted({0, *cuts, len(told)}))]
    kept, looked_up = (taken(batches, unfold) for unfold in (UNFOLD, everything()))
    assert kept == looked_up


def everything() -> str:
    """The statement that passes over nothing."""
    return UNFOLD[: UNFOLD.index("\nwhere ")]


def taken(batches, unfold: str) -> list:
    """The facts that are known after loads of these batches into a world of their own."""
    world = f"S{next(_worlds)}-"
    born = Fact("created", canonical_instant(BORN), BORN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "UNFOLD", unfold)
        take([Observation(1, f"{world}{case}", (born,)) for case in range(2)])
        for batch in batches:
            take(
                [
                    Observation(
                        place, f"{world}{case}", facts, "case", kind,
                        *((at, BORN + timedelta(days=1)) if kind == "state" else ()),
                    )
                    for place, (case, facts, kind, at) in enumerate(batch, start=1)
                ]
            )  # fmt: skip
    with database.snapshot() as connection:
        return connection.execute(text(FACTS), {"world": world}).all()


def take(records: list[Observation]) -> None:
    run_id = start_run("test", "staging")
    with database.transaction() as connection:
        load(connection, run_id, "test", records)
