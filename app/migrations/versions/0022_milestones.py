"""The indexes of all cases, and of those by account, tell their milestones.

No filter asks for the rows of cases any more to tell how long these took.
"""

from app.migrations import live

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CURRENT = """
case_versions (case_number)
include (
    is_open, updated_at, created_date, closed_at, status_since, severity, status, waiting_on,
    account, engineer, owner, product, group_name, card, card_status, escalated, crit_sit {beside}
) where valid_to = 'infinity' and not gone
"""
ACCOUNT = """
case_versions (account collate "C", updated_at desc, case_number)
include (is_open {beside}) where valid_to = 'infinity' and not gone
"""


def upgrade() -> None:
    replace(
        current=", relief_at, resolved_at",
        account=", severity, closed_at, relief_at, resolved_at, created_date",
    )


def downgrade() -> None:
    replace()


def replace(current: str = "", account: str = "") -> None:
    with live.beside():
        live.replace_index("ix_case_versions_current", CURRENT.format(beside=current))
        live.replace_index("ix_case_versions_current_account", ACCOUNT.format(beside=account))
