"""An index of closings, so that how long a year's cases took is read without their wide rows."""

from app.migrations import live

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CLOSINGS = """
case_versions (closed_at)
include (
    valid_from, valid_to, updated_at, created_date, severity, account, engineer, status, product,
    escalated, crit_sit, case_number, relief_at, resolved_at
) where not is_open and not gone
"""


def upgrade() -> None:
    with live.beside():
        live.build_index("ix_case_versions_closings", CLOSINGS)


def downgrade() -> None:
    with live.beside():
        live.drop_index("ix_case_versions_closings")
