"""Searches over days look only at cases that did not rest before, and are planned as what they are.

The new column is filled and its index built beside readers; workers have stopped before. Until it
is filled no case is said to rest, so that whoever goes by it misses none.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

RESTS = """
update case_words w set rests_from = told.rests_from
from (
    select case_number, greatest(
        max(valid_to) filter (where is_open), max(closed_at), max(created_date)) as rests_from
    from case_versions
    where case_number > :after and case_number <= :upto
    group by case_number
) told
where w.case_number = told.case_number and w.rests_from <> told.rests_from
"""
# Not immutable, as the words that cases say may grow. But no statement is kept planned, and of what
# is found out before planning, the planner knows how often it occurs: whether to begin with what
# holds the words, or with what else is asked.
SEARCHED = """
create or replace function searched(told text) returns tsquery
language sql immutable parallel safe as $$ select search_query(told) $$
"""


def upgrade() -> None:
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("case_words")}
    with live.beside():
        if "rests_from" not in present:
            op.execute(
                "alter table case_words"
                " add column rests_from timestamptz not null default 'infinity'"
            )
        live.in_batches(RESTS)
        live.build_index("ix_case_words_rests_from", "case_words (rests_from)")
        op.execute("analyze case_words")
    op.execute(SEARCHED)


def downgrade() -> None:
    op.execute("drop function searched(text)")
    with live.beside():
        live.drop_index("ix_case_words_rests_from")
    op.drop_column("case_words", "rests_from")
