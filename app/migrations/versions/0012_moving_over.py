"""Moving over: what an earlier system counted day by day, and comments of one id on two cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.migrations import live

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CARD_COMMENTS = (
    "changes (split_part(key, '|', 2)) where entity = 'card_comment' and field = 'created'"
)


def upgrade() -> None:
    with live.beside():
        live.build_index("ix_changes_card_comment", CARD_COMMENTS)
    op.create_table(
        "old_statistics",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("numbers", JSONB(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "learned_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_runs.id"]),
        sa.PrimaryKeyConstraint("origin", "day"),
    )


def downgrade() -> None:
    with live.beside():
        live.drop_index("ix_changes_card_comment")
    op.drop_table("old_statistics")
