"""Reconciliation: what sources count beside the board, and the records that differ."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "recounts",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("sync", sa.Text, nullable=False),
        sa.Column("shown", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("lost", sa.BigInteger, nullable=False),
        sa.Column("loaded", sa.BigInteger, nullable=False),
        sa.Column("surplus", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("counted_at", WHEN, nullable=False, server_default=NOW),
    )
    op.create_table(
        "differences",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("lacks", sa.Text, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("found_at", WHEN, nullable=False, server_default=NOW),
        sa.Column("settled_at", WHEN),
        sa.Column("outcome", sa.Text),
    )
    op.create_index(
        "ux_differences_open",
        "differences",
        ["kind", "key", "lacks"],
        unique=True,
        postgresql_where=sa.text("settled_at is null"),
    )


def downgrade() -> None:
    op.drop_table("differences")
    op.drop_table("recounts")
