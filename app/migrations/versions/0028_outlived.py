"""An index of the few closed cases that reached something after their closing.

All others that reached a milestone lately were closed lately, or are open.
"""

from app.migrations import live

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

OUTLIVED = """
case_versions (closed_at)
include (
    valid_from, valid_to, updated_at, created_date, severity, account, engineer, status, product,
    escalated, crit_sit, case_number, relief_at, resolved_at
) where not is_open and not gone and (relief_at > closed_at or resolved_at > closed_at)
"""


def upgrade() -> None:
    with live.beside():
        live.build_index("ix_case_versions_outlived", OUTLIVED)


def downgrade() -> None:
    with live.beside():
        live.drop_index("ix_case_versions_outlived")
