"""Quality: mutes, two cards at once, checks of snapshots; indexes for rankings and work lists."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As etl/history/overlaps.py derives them, for all cases.
OVERLAPS = """
insert into card_overlaps (case_number, valid_from, valid_to)
with tracked as (
    select number, v.key, v.valid_from, v.valid_to
    from card_versions v cross join unnest(v.cases) number
    where v.kind = 'tracking' and not v.gone
),
shared as (
    select number from tracked group by number having count(distinct key) > 1
),
spans as (
    select t.number, t.key, range_agg(tstzrange(t.valid_from, t.valid_to)) as held
    from tracked t join shared s using (number) group by t.number, t.key
),
together as (
    select a.number, range_agg(a.held * b.held) as held
    from spans a join spans b on b.number = a.number and b.key > a.key
    where a.held && b.held
    group by a.number
)
select number, lower(span), upper(span) from together, unnest(held) span
"""

LEARNED = "create index ix_changes_learned on changes using brin (learned_at)"
PRIORITY = """
create index ix_card_versions_priority on card_versions (key, valid_from)
include (valid_to, priority) where priority is not null and not gone
"""
CARD_LEFT = """
create index ix_case_versions_card_left on case_versions (valid_to, valid_from)
include (case_number, created_date)
where not is_open and not gone and card is not null and card_status is distinct from 'Done'
"""
ENGINEERING = """
create index ix_case_versions_engineering on case_versions (case_number, valid_from)
include (valid_to) where waiting_on = 'engineering' and not gone
"""
TRENDING = """
create index ix_case_versions_trending on case_versions (valid_to)
include (valid_from, case_number, updated_at, is_open, product, account)
where labels @> array['Trends'] and not gone
"""
OPEN_NOW = """
create index ix_case_versions_open_now on case_versions (case_number) include ({beside})
where valid_to = 'infinity' and is_open
"""
BESIDE = (
    "is_open, updated_at, created_date, closed_at, status_since, severity, status, waiting_on, "
    "account, engineer, owner, product, group_name, card, card_status, escalated, crit_sit"
)


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> Any:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "card_overlaps",
        sa.Column("case_number", sa.Text(), nullable=False),
        _moment("valid_from"),
        _moment("valid_to"),
        sa.CheckConstraint("valid_from < valid_to", name="positive_length"),
        sa.PrimaryKeyConstraint("case_number", "valid_from"),
    )
    op.execute(OVERLAPS)
    op.create_table(
        "snapshot_checks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        _moment("checked_at", now=True),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "restatements",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _moment("found_at", now=True),
        sa.ForeignKeyConstraint(
            ["day", "metric"], ["metric_snapshots.day", "metric_snapshots.metric"]
        ),
        sa.PrimaryKeyConstraint("day", "metric"),
    )
    op.create_table(
        "mutes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("list", "subject", "reason")),
        _moment("until"),
        sa.Column("by", sa.Text(), nullable=False),
        _moment("at", now=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("at < until", name="positive_length"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_mutes_entry",
        "mutes",
        ["list", "subject"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.drop_index("ix_case_bugs_bug", table_name="case_bugs")
    op.create_index("ix_case_bugs_bug", "case_bugs", ["key", "tracker"])
    op.drop_index("ix_case_versions_open_now", table_name="case_versions")
    op.execute(OPEN_NOW.format(beside=f"{BESIDE}, valid_from"))
    for statement in (LEARNED, PRIORITY, CARD_LEFT, ENGINEERING, TRENDING):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_case_versions_open_now", table_name="case_versions")
    op.execute(OPEN_NOW.format(beside=BESIDE))
    for name, table in (
        ("ix_case_versions_trending", "case_versions"),
        ("ix_case_versions_engineering", "case_versions"),
        ("ix_case_versions_card_left", "case_versions"),
        ("ix_card_versions_priority", "card_versions"),
        ("ix_changes_learned", "changes"),
        ("ix_case_bugs_bug", "case_bugs"),
    ):
        op.drop_index(name, table_name=table)
    op.create_index("ix_case_bugs_bug", "case_bugs", ["tracker", "key"])
    for table in ("mutes", "restatements", "snapshot_checks", "card_overlaps"):
        op.drop_table(table)
