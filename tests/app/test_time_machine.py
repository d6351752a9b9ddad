"""A case as of any past instant is what a replay of its log says it was."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from app import database
from app.timeline import facts
from tests import replay

pytestmark = pytest.mark.database
PAIRS = 1_000
FIRST, LAST = datetime(2016, 2, 28, tzinfo=UTC), datetime(2017, 2, 20, tzinfo=UTC)


def test_a_thousand_cases_at_a_thousand_instants(log):
    dice = random.Random(20160229)
    numbers = sorted(replay.incidents())
    there = 0
    with database.snapshot() as connection:
        for _ in range(PAIRS):
            case = replay.incidents()[dice.choice(numbers)]
            # Half of the instants lie where something happens to the case, and a second beside it.
            moment = dice.choice(case.rows).at + timedelta(seconds=dice.choice((-1, 0, 1)))
            if dice.random() < 0.5:
                moment = FIRST + dice.random() * (LAST - FIRST)
            found = database.plain(connection, facts(case.number, moment))
            wanted = case.state(moment)
            assert len(found) == (wanted is not None), (case.number, moment)
            if wanted is None:
                continue
            [known] = found
            there += 1
            told = (
                known["status"], known["severity"], known["account"], known["engineer"],
                known["product"], known["is_open"],
            )  # fmt: skip
            assert told == (
                wanted.state, wanted.severity, wanted.account, wanted.engineer, wanted.product,
                wanted.state != "Closed",
            ), (case.number, moment)  # fmt: skip
    assert there > PAIRS / 3
