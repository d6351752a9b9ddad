"""Flow: what durations are computed from lies beside the orders by creation and by closing."""

from app.migrations import live

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
    with live.beside():
        for name, keys in KEYS.items():
            live.replace_index(
                f"ix_case_versions_{name}",
                f"case_versions ({keys}) include ({beside[name]}) where {CURRENT}",
            )


def upgrade() -> None:
    _replace(BESIDE)


def downgrade() -> None:
    _replace(dict.fromkeys(KEYS, "is_open"))
