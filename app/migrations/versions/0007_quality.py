"""Quality: mutes, two cards at once, checks of snapshots; indexes for rankings and work lists."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations import live

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

# What follows ON.
INDEXES = {
    "ix_changes_learned": "changes using brin (learned_at)",
    "ix_card_versions_priority": (
        "card_versions (key, valid_from) include (valid_to, priority) "
        "where priority is not null and not gone"
    ),
    "ix_case_versions_card_left": (
        "case_versions (valid_to, valid_from) include (case_number, created_date) where "
        "not is_open and not gone and card is not null and card_status is distinct from 'Done'"
    ),
    "ix_case_versions_engineering": (
        "case_versions (case_number, valid_from) include (valid_to) "
        "where waiting_on = 'engineering' and not gone"
    ),
    "ix_case_versions_trending": (
        "case_versions (valid_to) "
        "include (valid_from, case_number, updated_at, is_open, product, account) "
        "where labels @> array['Trends'] and not gone"
    ),
}
OPEN_NOW = "case_versions (case_number) include ({beside}) where valid_to = 'infinity' and is_open"
BESIDE = (
    "is_open, updated_at, created_date, closed_at, status_since, severity, status, waiting_on, "
    "account, engineer, owner, product, group_name, card, card_status, escalated, crit_sit"
)


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> Any:
    default = sa.text("clock_timestamp()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_bugs_bug", "case_bugs (key, tracker)")
        live.replace_index(
            "ix_case_versions_open_now", OPEN_NOW.format(beside=f"{BESIDE}, valid_from")
        )
        for name, on in INDEXES.items():
            live.build_index(name, on)
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


def downgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_versions_open_now", OPEN_NOW.format(beside=BESIDE))
        live.replace_index("ix_case_bugs_bug", "case_bugs (tracker, key)")
        for name in INDEXES:
            live.drop_index(name)
    for table in ("mutes", "restatements", "snapshot_checks", "card_overlaps"):
        op.drop_table(table)
