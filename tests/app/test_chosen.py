"""What was open at a past instant is found in parts, which share the versions among them."""

import random
from datetime import MAXYEAR, UTC, datetime, timedelta

import pytest
from sqlalchemy import Integer, cast, func, select, text

from app import database
from app.board import Board
from app.chosen import LONG, chosen, parts
from app.selection import count
from app.versions import TICK, V
from app.view import View
from etl.seed import seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database
FIRST, LAST = datetime(2016, 7, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
INSTANTS = 40
ENDS = select(V.valid_from, V.valid_to).where(V.is_open, V.valid_to < text("'infinity'"))


@pytest.fixture(scope="module", autouse=True)
def world():
    with cloned(EMPTY):
        seed(600, 5, LAST)
        yield


def instants() -> list[datetime]:
    """Anywhere, and where a version begins or ends, or lasts just as long as makes it a long one."""
    dice = random.Random(20160303)
    told = database.fetch_rows(ENDS)
    found = [FIRST + dice.random() * (LAST - FIRST) for _ in range(INSTANTS // 4)]
    while len(found) < INSTANTS:
        moment = dice.choice(dice.choice(told)) - dice.choice((timedelta(), LONG))
        found.append(moment + dice.choice((-TICK, timedelta(), TICK)))
    return found


def test_each_open_version_in_force_is_in_one_part_and_no_other_in_any():
    long, lasting = 0, 0
    for instant in instants():
        held = [func.coalesce(cast(part, Integer), 0).label(f"p{n}") for n, part in enumerate(parts(instant))]  # fmt: skip
        board = Board.at(instant)
        told = select(cast(board.known, Integer).label("known"), *held).where(V.is_open).subquery()
        shares = [told.c.known, *(told.c[one.name] for one in held)]
        for known, *share, _ in database.fetch_rows(
            select(*shares, func.count()).group_by(*shares)
        ):
            assert sum(share) == known, (instant, known, share)
            long, lasting = long + share[1], lasting + share[2]
    assert long, "no instant met a version that lasted"
    assert lasting, "no instant met a version that is still in force"


@pytest.mark.parametrize("name", ["ix_case_versions_daily", "ix_case_versions_lasted"])
def test_the_parts_are_read_off_indexes(name):
    statement = count(View(), LAST - 2 * LONG)
    with database.snapshot() as connection:
        for way in ("seqscan", "bitmapscan"):
            connection.execute(text(f"set local enable_{way} = off"))
        asked = statement.compile(connection)
        found = connection.exec_driver_sql(f"explain {asked}", dict(asked.params)).scalars()
        plan = "\n".join(found)
    assert name in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("view", "instant", "live"),
    [
        (View(), FIRST, True),
        (View(state="all"), FIRST, False),
        (View(q="error"), FIRST, False),
        (View(created_from=FIRST), FIRST, False),
        (View(), datetime(MAXYEAR, 12, 31, tzinfo=UTC), False),
    ],
    ids=["now", "closed cases", "a search", "a range of time", "the last year there is"],
)
def test_what_has_a_better_way_or_no_other_is_found_in_one(view, instant, live):
    assert "UNION" not in str(chosen(Board.at(instant, live=live), view, V.case_number))
    assert str(chosen(Board.at(FIRST), View(), V.case_number)).count("UNION ALL") == 2
