"""Live sources: what is due and running, cards and bugs with their past, details, snapshots."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations import live

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LINKED = "update case_bugs set linked_at = '-infinity' where linked_at is null"
LINK_MAY_COME_BACK = """
alter table case_bugs alter linked_at set not null, drop constraint case_bugs_pkey,
    add constraint case_bugs_pkey primary key using index case_bugs_pkey_new
"""

# Of a link that came back only the latest time is kept.
LATEST_LINK = """
delete from case_bugs b using case_bugs later
where (b.case_number, b.tracker, b.key) = (later.case_number, later.tracker, later.key)
    and b.linked_at < later.linked_at
"""
LINK_ONCE = """
alter table case_bugs drop constraint case_bugs_pkey,
    add constraint case_bugs_pkey primary key using index case_bugs_pkey_new;
alter table case_bugs alter linked_at drop not null
"""
KINDS = """
alter table jira_cards add column if not exists kind text not null default 'tracking';
alter table jira_cards drop constraint if exists kind;
alter table jira_cards add constraint kind check (kind in ('tracking', 'escalation')) not valid;
alter table jira_cards validate constraint kind
"""


def upgrade() -> None:
    with live.beside():
        op.execute("alter table cases add column if not exists source text")
        live.build_index("ix_cases_source", "cases (source, last_update)")
        with live.patient():
            op.execute(LINKED)
        live.build_index(
            "case_bugs_pkey_new", "case_bugs (case_number, tracker, key, linked_at)", unique=True
        )
        for statement in KINDS.split(";"):
            op.execute(statement)
    op.create_table(
        "bug_versions",
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name="positive_length"),
        sa.PrimaryKeyConstraint("tracker", "key", "valid_from"),
    )
    op.create_table(
        "card_versions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cases", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("contributors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sprint", sa.Text(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name="positive_length"),
        sa.PrimaryKeyConstraint("key", "valid_from"),
    )
    op.create_index(
        "ix_card_versions_cases", "card_versions", ["cases"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "metric_snapshots",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("day", "metric"),
    )
    op.create_table(
        "sync_sightings",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key"),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "syncs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("full_schedule", sa.Text(), nullable=True),
        sa.Column("fresh_seconds", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("full_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_full", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allow_drop", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "case_details",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], onupdate="CASCADE"),
        sa.PrimaryKeyConstraint("case_number"),
    )
    op.execute(LINK_MAY_COME_BACK)
    op.add_column("comments", sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "jira_cards",
        sa.Column(
            "cases",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.add_column("jira_comments", sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rejects", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sync_runs", sa.Column("exclusive", sa.Text(), nullable=True))
    op.add_column(
        "sync_runs", sa.Column("mode", sa.Text(), server_default=sa.text("'full'"), nullable=False)
    )
    op.add_column(
        "sync_runs",
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column(
        "sync_runs",
        sa.Column(
            "heartbeat_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    )
    op.add_column(
        "sync_runs",
        sa.Column("requests", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("sync_runs", sa.Column("doing", sa.Text(), nullable=True))
    op.add_column(
        "sync_runs", sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("sync_runs", sa.Column("total", sa.BigInteger(), nullable=True))
    op.add_column(
        "sync_runs",
        sa.Column(
            "notes",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
    )
    op.create_index(
        "ux_sync_runs_running",
        "sync_runs",
        ["exclusive"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_constraint("state", "sync_runs")
    op.create_check_constraint(
        "state",
        "sync_runs",
        "state in ('running', 'finished', 'partial', 'held', 'failed', 'lost')",
    )


def downgrade() -> None:
    with live.beside():
        with live.patient():
            op.execute(LATEST_LINK)
        live.build_index("case_bugs_pkey_new", "case_bugs (case_number, tracker, key)", unique=True)
    op.execute("update sync_runs set state = 'failed' where state in ('partial', 'held', 'lost')")
    op.drop_constraint("state", "sync_runs")
    op.create_check_constraint("state", "sync_runs", "state in ('running', 'finished', 'failed')")
    op.drop_index(
        "ux_sync_runs_running",
        table_name="sync_runs",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_column("sync_runs", "notes")
    op.drop_column("sync_runs", "total")
    op.drop_column("sync_runs", "done")
    op.drop_column("sync_runs", "doing")
    op.drop_column("sync_runs", "requests")
    op.drop_column("sync_runs", "heartbeat_at")
    op.drop_column("sync_runs", "attempt")
    op.drop_column("sync_runs", "mode")
    op.drop_column("sync_runs", "exclusive")
    op.drop_column("rejects", "resolved_at")
    op.drop_column("jira_comments", "gone_at")
    op.drop_column("jira_cards", "cases")
    op.drop_column("jira_cards", "kind")
    op.drop_column("comments", "gone_at")
    op.drop_index("ix_cases_source", table_name="cases")
    op.drop_column("cases", "source")
    op.execute(LINK_ONCE)
    op.drop_table("case_details")
    op.drop_table("syncs")
    op.drop_table("sync_sightings")
    op.drop_table("metric_snapshots")
    op.drop_index("ix_card_versions_cases", table_name="card_versions", postgresql_using="gin")
    op.drop_table("card_versions")
    op.drop_table("bug_versions")
