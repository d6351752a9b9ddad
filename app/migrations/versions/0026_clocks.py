"""The clocks of the SLA beside the other counts of the roll-up.

No policy is marked as one that it goes by: the next load adds what the clocks say under all of
them. Until then they are read from the versions.
"""

import sqlalchemy as sa
from alembic import op

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
    op.execute("set local statement_timeout = 0")
    op.add_column(
        "sla_policies",
        sa.Column("rolled", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    for table in TABLES:
        for name in CLOCKS:
            op.add_column(table, sa.Column(name, sa.Integer(), server_default="0", nullable=False))
        find_nothing(table, (*COUNTS, *CLOCKS))


def downgrade() -> None:
    op.execute("set local statement_timeout = 0")
    op.drop_column("sla_policies", "rolled")
    for table in TABLES:
        # Of hours in which nothing happened but by a clock there are no rows then.
        others = " and ".join(f"{name} = 0" for name in COUNTS)
        op.execute(f"delete from {table} where {others}")  # noqa: S608 - our own words
        op.execute(f"drop index ix_{table}_nothing")
        for name in CLOCKS:
            op.drop_column(table, name)
        find_nothing(table, COUNTS)


def find_nothing(table: str, names: tuple[str, ...]) -> None:
    """Make the index that finds the rows in which nothing happened after all."""
    nothing = " and ".join(f"{name} = 0" for name in names)
    op.execute(f"drop index if exists ix_{table}_nothing")
    op.execute(f"create index ix_{table}_nothing on {table} ({TABLES[table]}) where {nothing}")
