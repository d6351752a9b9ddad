"""Flow: what durations are computed from lies beside the orders by creation and by closing."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CURRENT = "valid_to = 'infinity' and not gone"
KEYS = {
    "current_created": "created_date, case_number",
    "current_closed": "(case when not is_open then closed_at end), case_number",
}
BESIDE = {
    "current_created": "is_open, severity, closed_at, relief_at, resolved_at",
    "current_closed": "is_open, severity, closed_at, created_date",
}


def _replace(beside: dict[str, str]) -> None:
    """Build each index anew, beside its readers and writers; all may be repeated."""
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        for name, keys in KEYS.items():
            index = f"ix_case_versions_{name}"
            op.execute(f"drop index concurrently if exists {index}_new")
            op.execute(
                f"create index concurrently {index}_new on case_versions ({keys}) "
                f"include ({beside[name]}) where {CURRENT}"
            )
            op.execute(f"drop index concurrently if exists {index}")
            op.execute(f"alter index {index}_new rename to {index}")
        op.execute("set lock_timeout = '2s'")


def upgrade() -> None:
    _replace(BESIDE)


def downgrade() -> None:
    _replace(dict.fromkeys(KEYS, "is_open"))
