"""The outbox: what is to be done outside, written down before it is done.

Going back forgets what was done: cards are found again by their labels and left as they are, but
bugs whose tag was taken off are tagged again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATES = ("planned", "held", "approved", "acting", "uncertain", "done", "failed", "withdrawn")


def upgrade() -> None:
    instant, json = sa.DateTime(timezone=True), postgresql.JSONB()
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sync", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("before", json, nullable=True),
        sa.Column("after", json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'planned'"), nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("result", json, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "planned_at", instant, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("held_at", instant, nullable=True),
        sa.Column("sent_at", instant, nullable=True),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(f"state in ({', '.join(map(repr, STATES))})", name="state"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_outbox_case", "outbox", ["case_number", "ended_at"])
    op.create_index("ix_outbox_ended", "outbox", ["ended_at"])
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["sync", "id"],
        postgresql_where=sa.text("state not in ('done', 'withdrawn')"),
    )
    op.create_index(
        "ix_outbox_about",
        "outbox",
        [sa.text("(after -> 'about')")],
        postgresql_using="gin",
        postgresql_where=sa.text("kind in ('mail', 'slack')"),
    )


def downgrade() -> None:
    op.drop_table("outbox")
