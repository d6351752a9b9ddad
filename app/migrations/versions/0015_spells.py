"""Spells: numbers over days read fewer rows.

The new column is filled and its index built beside readers; workers have stopped before.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SAME = """
    is_open, gone, severity, owner, engineer, account, product, group_name, escalated, crit_sit,
    created_date, closed_at
"""
SPELLS = """
update case_versions v set spell_to = told.spell_to
from (
    select case_number, valid_from, coalesce(lead(valid_from) over (
        partition by case_number order by valid_from), 'infinity') as spell_to
    from (
        select case_number, valid_from, ({same}) is distinct from lag(({same})) over (
            partition by case_number order by valid_from) as begins
        from case_versions
        where case_number > :after and case_number <= :upto
    ) versions
    where begins
) told
where v.case_number = told.case_number and v.valid_from = told.valid_from
    and v.spell_to is distinct from told.spell_to
""".replace("{same}", SAME)
OPEN_SPELLS = """
case_versions (spell_to, valid_from) include (case_number, created_date, severity, owner, engineer,
    account, product, group_name, crit_sit, escalated)
where is_open and spell_to is not null
"""


def upgrade() -> None:
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("case_versions")}
    with live.beside():
        if "spell_to" not in present:
            op.execute("alter table case_versions add column spell_to timestamptz")
        live.in_batches(SPELLS)
        live.build_index("ix_case_versions_spells", OPEN_SPELLS)
        op.execute("analyze case_versions")


def downgrade() -> None:
    with live.beside():
        live.drop_index("ix_case_versions_spells")
    op.drop_column("case_versions", "spell_to")
