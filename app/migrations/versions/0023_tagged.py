"""The index that the daily numbers go by tells tags and labels too.

Whoever asked for a year of the cases with a tag had every version read that there is.
"""

from app.migrations import live

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

DAILY = """
case_versions (valid_to, valid_from)
include (
    event, ended_by, severity, status, account, engineer, owner, product, group_name, waiting_on,
    escalated, crit_sit, card, card_status, created_date, updated_at, case_number, status_since,
    relief_at, resolved_at {beside}
) where is_open
"""


def upgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_versions_daily", DAILY.format(beside=", tags, labels"))


def downgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_versions_daily", DAILY.format(beside=""))
