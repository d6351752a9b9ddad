"""Cases, their comments, cards and bugs; what was observed, what follows from it; the runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

REFUSE_CHANGE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only: % refused', tg_table_name, lower(tg_op)
        using hint = 'History stores what was observed; add the new observation instead.';
end $$
"""

APPEND_ONLY = """
create trigger append_only before update or delete or truncate on changes
    for each statement execute function refuse_change()
"""

# The state of a record after each observation: every observation laid over the ones before it.
JSONB_MERGE = """
create aggregate jsonb_merge(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}')
"""


def upgrade() -> None:
    op.create_table(
        "bugs",
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tracker", "key"),
    )
    op.create_table(
        "case_versions",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_on", sa.Text(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("engineer", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("product_version", sa.Text(), nullable=True),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("crit_sit", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Text(), nullable=False),
        sa.Column("escalation_link", sa.Text(), nullable=True),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("card_status", sa.Text(), nullable=True),
        sa.Column("contributors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("relief_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from < valid_to", name="positive_length"),
        sa.PrimaryKeyConstraint("case_number", "valid_from"),
    )
    op.create_index(
        "ix_case_versions_event",
        "case_versions",
        ["event", "valid_from"],
        unique=False,
        postgresql_where=sa.text("event is not null"),
    )
    op.create_index(
        "ix_case_versions_open",
        "case_versions",
        ["valid_to", "valid_from"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_case_versions_time", "case_versions", ["valid_from", "valid_to"], unique=False
    )
    op.create_table(
        "cases",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("last_update", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("product_version", sa.Text(), nullable=True),
        sa.Column("fe_jira_card", sa.Text(), nullable=True),
        sa.Column("closed_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "tags",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("crit_sit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("escalated", sa.Text(), server_default=sa.text("'no'"), nullable=False),
        sa.Column("escalation_link", sa.Text(), nullable=True),
        sa.Column("relief_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "notified_users",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("escalated in ('yes', 'potential', 'no')", name="escalated"),
        sa.CheckConstraint("severity between 1 and 4", name="severity"),
        sa.PrimaryKeyConstraint("case_number", "created_date"),
        sa.UniqueConstraint("case_number"),
    )
    op.create_index("ix_cases_account", "cases", ["account"], unique=False)
    op.create_table(
        "data_version",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "jira_cards",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column(
            "contributors",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column(
            "labels",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("sprint", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_jira_cards_case", "jira_cards", ["case_number"], unique=False)
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sync", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("inserted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("gone", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('running', 'finished', 'failed')", name="state"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sync_runs_started", "sync_runs", ["sync", "started_at"], unique=False)
    op.create_table(
        "watermarks",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("source", "name"),
    )
    op.create_table(
        "case_bugs",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("tracker", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unlinked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], onupdate="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tracker", "key"],
            ["bugs.tracker", "bugs.key"],
        ),
        sa.PrimaryKeyConstraint("case_number", "tracker", "key"),
    )
    op.create_index("ix_case_bugs_bug", "case_bugs", ["tracker", "key"], unique=False)
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column(
            "learned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["sync_runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_changes_fact",
        "changes",
        ["entity", "key", "field", "at", "seq", sa.literal_column("md5(value)"), "actor"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("comment_text", sa.Text(), nullable=True),
        sa.Column("commented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number", "created_date"],
            ["cases.case_number", "cases.created_date"],
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_number", "source_id"),
    )
    op.create_index("ix_comments_case", "comments", ["case_number", "commented_at"], unique=False)
    op.create_table(
        "jira_comments",
        sa.Column("jira_comment_id", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("last_update_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("card_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number", "created_date"],
            ["cases.case_number", "cases.created_date"],
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("jira_comment_id"),
    )
    op.create_index(
        "ix_jira_comments_case", "jira_comments", ["case_number", "last_update_date"], unique=False
    )
    op.create_table(
        "rejects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column(
            "rejected_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["sync_runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_rejects_record", "rejects", ["source", "position", "fingerprint"], unique=True
    )
    op.execute("insert into data_version default values")
    op.execute(REFUSE_CHANGE)
    op.execute(APPEND_ONLY)
    op.execute(JSONB_MERGE)


def downgrade() -> None:
    op.execute("drop aggregate jsonb_merge(jsonb)")
    op.execute("drop trigger append_only on changes")
    op.drop_index("ux_rejects_record", table_name="rejects")
    op.drop_table("rejects")
    op.drop_index("ix_jira_comments_case", table_name="jira_comments")
    op.drop_table("jira_comments")
    op.drop_index("ix_comments_case", table_name="comments")
    op.drop_table("comments")
    op.drop_index("ux_changes_fact", table_name="changes", postgresql_nulls_not_distinct=True)
    op.drop_table("changes")
    op.drop_index("ix_case_bugs_bug", table_name="case_bugs")
    op.drop_table("case_bugs")
    op.drop_table("watermarks")
    op.drop_index("ix_sync_runs_started", table_name="sync_runs")
    op.drop_table("sync_runs")
    op.drop_index("ix_jira_cards_case", table_name="jira_cards")
    op.drop_table("jira_cards")
    op.drop_table("data_version")
    op.drop_index("ix_cases_account", table_name="cases")
    op.drop_table("cases")
    op.drop_index("ix_case_versions_time", table_name="case_versions")
    op.drop_index(
        "ix_case_versions_open", table_name="case_versions", postgresql_where=sa.text("is_open")
    )
    op.drop_index(
        "ix_case_versions_event",
        table_name="case_versions",
        postgresql_where=sa.text("event is not null"),
    )
    op.drop_table("case_versions")
    op.drop_table("bugs")
    op.execute("drop function refuse_change()")
