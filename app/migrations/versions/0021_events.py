"""The events of cases tell how many there were, from their index alone."""

from app.migrations import live

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

EVENTS = "case_versions (event, valid_from) {beside} where event is not null"


def upgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_versions_event", EVENTS.format(beside="include (gone)"))


def downgrade() -> None:
    with live.beside():
        live.replace_index("ix_case_versions_event", EVENTS.format(beside=""))
