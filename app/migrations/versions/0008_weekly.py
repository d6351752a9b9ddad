"""The weekly report: what was said and what grew old in a period, and what was sent."""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Name: table, columns, condition.
INDEXES = {
    "ix_comments_time": ("comments", "commented_at", None),
    "ix_jira_comments_time": ("jira_comments", "last_update_date", None),
    "ix_case_versions_clock": ("case_versions", "severity, created_date", "is_open"),
}


def upgrade() -> None:
    with live.beside():
        for name, (table, columns, where) in INDEXES.items():
            live.build_index(name, f"{table} ({columns})" + (f" where {where}" if where else ""))
    now = sa.text("clock_timestamp()")
    op.create_table(
        "report_sendings",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'sending'"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.CheckConstraint("way in ('mail', 'slack')", name="way"),
        sa.CheckConstraint("state in ('sending', 'sent', 'failed', 'unknown')", name="state"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_report_sendings_once",
        "report_sendings",
        ["way", "period_start", "period_end", sa.text("md5(query)")],
        unique=True,
    )


def downgrade() -> None:
    with live.beside():
        for name in INDEXES:
            live.drop_index(name)
    op.drop_table("report_sendings")
