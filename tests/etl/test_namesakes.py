"""Comments of one id on several cards: each is kept, and none breaks a load."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.database import snapshot, transaction
from etl.history import rebuild_all
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import finish_run, start_run

pytestmark = pytest.mark.database

DAY = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def case(number: str) -> Observation:
    told = (Fact("created", canonical_instant(DAY), DAY), Fact("status", "Open", DAY))
    return Observation(1, number, told)


def card(key: str, number: str, at: datetime = DAY) -> Observation:
    return Observation(2, key, (Fact("cases", f'["{number}"]', at),), "card")


def comment(card_key: str, words: str, *, hours: int = 0, gone: bool = False) -> Observation:
    at = DAY + hours * HOUR
    facts = [Fact("created", canonical_instant(at), at), Fact("text", words, at)]
    if gone:
        facts.append(Fact("gone", "true", at + HOUR))
    return Observation(3, f"{card_key}|7", tuple(facts), "card_comment")


def learn(*records: Observation) -> None:
    run = start_run("t5g", "test")
    with transaction() as connection:
        load(connection, run, "t5g", records)
        finish_run(connection, run)


def shown() -> list[tuple]:
    asked = "select jira_comment_id, card_key, case_number, body, gone_at from jira_comments"
    with snapshot() as connection:
        return sorted(tuple(row) for row in connection.execute(text(asked)))


def ids() -> dict[str, str]:
    return {row[3]: row[0] for row in shown()}


WORLD = (
    case("01000001"),
    case("01000002"),
    card("OLD-1", "01000001"),
    card("NEW-1", "01000002"),
    comment("OLD-1", "the first", hours=1),
    comment("NEW-1", "the second", hours=2),
)


def test_two_comments_of_one_id_in_one_load_are_both_shown(empty):
    learn(*WORLD)
    assert ids() == {"the first": "7", "the second": "NEW-1|7"}


# Sources tell comments with or after their card.
ORDERS = [
    order
    for order in itertools.permutations(range(6))
    if order.index(2) < order.index(4) and order.index(3) < order.index(5)
]


@pytest.mark.parametrize("order", ORDERS[::30])
def test_any_order_and_any_batches_end_in_the_same_rows(empty, order):
    for place in order:
        learn(WORLD[place])
    before = shown()
    assert ids() == {"the first": "7", "the second": "NEW-1|7"}
    rebuild_all()
    assert shown() == before


def test_an_earlier_namesake_takes_the_id_over_and_gives_it_back(empty):
    learn(*WORLD)
    learn(case("01000003"), card("OLD-2", "01000003"), comment("OLD-2", "the earliest"))
    assert ids() == {"the earliest": "7", "the first": "OLD-1|7", "the second": "NEW-1|7"}
    # Its card goes over to a case that nobody knows: the next one has the id again.
    learn(card("OLD-2", "09999999", DAY + 5 * HOUR))
    assert ids() == {"the first": "7", "the second": "NEW-1|7"}
    before = shown()
    rebuild_all()
    assert shown() == before


def test_a_namesake_that_goes_leaves_the_others_alone(empty):
    learn(*WORLD)
    learn(comment("NEW-1", "the second", hours=2, gone=True))
    gone = {row[3]: row[4] is not None for row in shown()}
    assert gone == {"the first": False, "the second": True}
