"""A seeded world: coherent with its facts, the same again for the same, and as large as told."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import database, sla
from etl.history import rebuild_all
from etl.seed import NotEmpty, seed
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
CASES = 400
TABLES = (
    "cases", "case_versions", "comments", "jira_comments", "jira_cards", "card_versions", "bugs",
    "bug_versions", "case_bugs", "case_words", "known_words", "bug_spans", "open_steps",
    "open_steps_by_day", "value_steps", "value_steps_by_day", "value_steps_by_month",
    "stage_steps", "stage_steps_by_day", "bug_steps", "bug_steps_by_day",
)  # fmt: skip
STANDING = """
select indexdef as told from pg_indexes where schemaname = 'public'
union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'public'::regnamespace
union all select tgrelid::regclass || ' ' || tgname from pg_trigger where not tgisinternal
order by 1
"""


def contents(*tables: str) -> dict[str, tuple[int, int]]:
    hashed = (
        "select count(*) as n, coalesce(sum(hashtextextended("
        "(to_jsonb(t) - array['id', 'run_id', 'learned_at'])::text, 0)), 0)::text as hash from {} t"
    )
    return {table: tuple(database.read(text(hashed.format(table))).iloc[0]) for table in tables}


def number(statement: str) -> float:
    return float(database.read(text(statement)).iloc[0, 0])


@pytest.fixture(scope="module")
def seeded():
    with cloned(EMPTY):
        before = database.read(text(STANDING))["told"].tolist()
        sla.keep()
        seed(CASES, 1, UNTIL)
        assert database.read(text(STANDING))["told"].tolist() == before
        yield


def test_all_tables_are_what_the_facts_say(seeded):
    before = contents(*TABLES)
    assert rebuild_all() == CASES
    assert contents(*TABLES) == before


def test_the_same_numbers_give_the_same_world_and_others_another(seeded):
    known = contents("changes", "cases")
    for number_, same in ((1, True), (2, False)):
        with cloned(EMPTY):
            seed(CASES, number_, UNTIL)
            assert (contents("changes", "cases") == known) is same


def test_it_is_like_a_team_s_world(seeded):
    assert number("select count(*) from cases") == CASES
    assert (
        0.02
        < number(
            "select avg(case when is_open then 1.0 else 0 end) from case_versions where valid_to = 'infinity'"
        )
        < 0.09
    )
    assert 2.4 < number("select count(*) from comments") / CASES < 3.4
    assert 0.7 < number("select count(*) from jira_cards where kind = 'tracking'") / CASES < 0.9
    assert 0.2 < number("select count(*) from case_bugs") / CASES < 0.4
    assert number("select max(valid_from) <= '2026-06-01' from case_versions") == 1
    assert number("select count(distinct account) from cases") > 5


def test_only_an_empty_database_is_seeded(seeded):
    with pytest.raises(NotEmpty, match="empty database"):
        seed(10, 1, UNTIL)
    assert number("select count(*) from cases") == CASES
