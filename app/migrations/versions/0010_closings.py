"""An index of closings, so that how long a year's cases took is read without their wide rows."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEX = """
create index concurrently ix_case_versions_closings on case_versions (closed_at)
include (
    valid_from, valid_to, updated_at, created_date, severity, account, engineer, status, product,
    escalated, crit_sit, case_number, relief_at, resolved_at
) where not is_open and not gone
"""


def upgrade() -> None:
    # Building an index beside its readers waits for them, and holds nobody up.
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        op.execute("drop index concurrently if exists ix_case_versions_closings")
        op.execute(INDEX)
        op.execute("set lock_timeout = '2s'")


def downgrade() -> None:
    op.drop_index("ix_case_versions_closings", table_name="case_versions")
