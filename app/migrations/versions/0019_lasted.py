"""An index of the open versions that lasted, so that what was open long ago is read off quickly."""

from app.migrations import live

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LASTED = """
case_versions (valid_to, valid_from)
include (
    case_number, created_date, updated_at, status_since, severity, status, waiting_on, account,
    engineer, owner, product, group_name, card, card_status, escalated, crit_sit
) where is_open and valid_to < 'infinity'
    and (valid_to at time zone 'UTC') > (valid_from at time zone 'UTC') + interval '30 days'
"""


def upgrade() -> None:
    with live.beside():
        live.build_index("ix_case_versions_lasted", LASTED)


def downgrade() -> None:
    with live.beside():
        live.drop_index("ix_case_versions_lasted")
