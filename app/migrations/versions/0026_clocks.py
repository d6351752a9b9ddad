"""The clocks of the SLA beside the other counts of the roll-up.

No policy is marked as one that it goes by: the next load adds what the clocks say under all of
them. Until then they are read from the versions.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COUNTS = (
    *("step", "lasting", "created", "reopened", "closed", "gone", "no_updates", "no_bugs"),
    *("opened_last_day", "opened_last_week", "closed_last_day", "closed_last_week"),
)
CLOCKS = ("at_risk", "breached")
TABLES = {"open_steps": "hour", "open_steps_by_day": "day"}


def upgrade() -> None:
    with live.beside():
        for table in TABLES:
            for name in CLOCKS:
                told = f"{name} integer not null default 0"
                op.execute(f"alter table {table} add column if not exists {told}")
            find_nothing(table, (*COUNTS, *CLOCKS))
    # Every page asks for the policies: their table comes last, and is held but for a moment.
    op.add_column(
        "sla_policies",
        sa.Column("rolled", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    with live.beside():
        op.execute("update sla_policies set rolled = false")
        for table in TABLES:
            # Of hours in which nothing happened but by a clock there are no rows then.
            others = " and ".join(f"{name} = 0" for name in COUNTS)
            op.execute(f"delete from {table} where {others}")  # noqa: S608 - our own words
            find_nothing(table, COUNTS)
            for name in CLOCKS:
                op.execute(f"alter table {table} drop column if exists {name}")
    op.drop_column("sla_policies", "rolled")


def find_nothing(table: str, names: tuple[str, ...]) -> None:
    """Make the index that finds the rows in which nothing happened after all."""
    nothing = " and ".join(f"{name} = 0" for name in names)
    live.replace_index(f"ix_{table}_nothing", f"{table} ({TABLES[table]}) where {nothing}")
