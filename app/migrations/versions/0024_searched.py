"""Searches over days and in the past look at fewer cases, and are planned as what they are.

The new columns are filled and indexes built beside readers; workers have stopped before. Until
then no case is said to rest or to say what it said, so that whoever goes by them misses none.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Since when a case says what it says: whatever belongs to its words came or went by then.
SAID_FROM = """
create or replace function said_from(number text) returns timestamptz
language sql stable parallel safe as $$
    select coalesce(greatest(
        (select max(valid_from) from (
            select valid_from, (card, summary) is distinct from lag((card, summary)) over (
                order by valid_from) as told
            from case_versions where case_number = number) versions where told),
        (select max(greatest(linked_at, unlinked_at)) from case_bugs where case_number = number),
        (select max(greatest(commented_at, gone_at)) from comments where case_number = number),
        (select max(greatest(last_update_date, gone_at)) from jira_comments
            where case_number = number)
    ), 'infinity')
$$
"""
SINCE = """
update case_words w set rests_from = told.rests_from, said_from = said_from(w.case_number)
from (
    select case_number, greatest(
        max(valid_to) filter (where is_open), max(closed_at), max(created_date)) as rests_from
    from case_versions
    where case_number > :after and case_number <= :upto
    group by case_number
) told
where w.case_number = told.case_number and w.said_from = 'infinity'
"""
RECENT = "valid_from, valid_to, severity, account, engineer, status, product, escalated, crit_sit"
NOW_RECENT = (
    "case_number, valid_from, valid_to, spell_to, severity, account, engineer, status, product, "
    "escalated, crit_sit"
)
MOMENTS = {
    "young": (
        "created_date", "not gone and valid_from - created_date < interval '168 hours'",
    ),
    "late": (
        "closed_at",
        "not gone and closed_at is not null and valid_from - closed_at < interval '168 hours'",
    ),
}  # fmt: skip
SPELL = (
    "case_number, created_date, severity, owner, engineer, account, product, group_name, crit_sit, "
    "escalated"
)
SPELLS = """
case_versions (spell_to, valid_from) include ({beside}) where is_open and spell_to is not null
"""
ENDED = f"""
case_versions (valid_to) include (ended_by, valid_from, {SPELL})
where is_open and ended_by is not null
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
        for name in {"rests_from", "said_from"} - present:
            op.execute(
                f"alter table case_words add column {name} timestamptz not null default 'infinity'"
            )
        op.execute(SAID_FROM)
        live.in_batches(SINCE)
        live.build_index("ix_case_words_rests_from", "case_words (rests_from)")
        op.execute("analyze case_words")
        for name, (moment, where) in MOMENTS.items():
            _replace(name, moment, NOW_RECENT, where)
        live.replace_index("ix_case_versions_spells", SPELLS.format(beside=f"event, {SPELL}"))
        live.build_index("ix_case_versions_ended", ENDED)
    op.execute(SEARCHED)


def downgrade() -> None:
    with live.beside():
        live.drop_index("ix_case_words_rests_from")
        live.drop_index("ix_case_versions_ended")
        live.replace_index("ix_case_versions_spells", SPELLS.format(beside=SPELL))
        for name, (moment, where) in MOMENTS.items():
            _replace(name, moment, RECENT, where)
    for name in ("rests_from", "said_from"):
        op.drop_column("case_words", name)
    for name in ("searched", "said_from"):
        op.execute(f"drop function {name}(text)")


def _replace(name: str, moment: str, beside: str, where: str) -> None:
    live.replace_index(
        f"ix_case_versions_{name}", f"case_versions ({moment}) include ({beside}) where {where}"
    )
