"""The index of all cases now tells their milestones, so that no filter asks for their rows."""

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


def upgrade() -> None:
    with live.beside():
        beside = ", relief_at, resolved_at"
        live.replace_index("ix_case_versions_current", CURRENT.format(beside=beside))


def downgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_versions_current", CURRENT.format(beside=""))
