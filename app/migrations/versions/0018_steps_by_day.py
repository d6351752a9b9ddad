"""The roll-up of open cases by whole days beside that by hours: charts over years read fewer rows.

It is added up from the hours; workers have stopped before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STEPS = (
    "step",
    "lasting",
    "created",
    "reopened",
    "closed",
    "gone",
    "no_updates",
    "no_bugs",
    "opened_last_day",
    "opened_last_week",
    "closed_last_day",
    "closed_last_week",
)
NOTHING = """
    step = 0 and lasting = 0 and created = 0 and reopened = 0 and closed = 0 and gone = 0
    and no_updates = 0 and no_bugs = 0 and opened_last_day = 0 and opened_last_week = 0
    and closed_last_day = 0 and closed_last_week = 0
"""
FILL = """
insert into open_steps_by_day (day, severity, escalated, crit_sit, {steps})
select date_bin('1 day', hour, 'epoch'), severity, escalated, crit_sit, {sums} from open_steps
group by 1, 2, 3, 4 having ({sums}) <> ({zeros})
order by 1
"""
TOLD = {
    "steps": ", ".join(STEPS),
    "sums": ", ".join(f"sum({name})" for name in STEPS),
    "zeros": ", ".join("0" for _ in STEPS),
}


def upgrade() -> None:
    op.create_table(
        "open_steps_by_day",
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("escalated", sa.Text(), nullable=False),
        sa.Column("crit_sit", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in STEPS),
        sa.PrimaryKeyConstraint("day", "severity", "escalated", "crit_sit"),
    )
    op.execute(
        f"create index ix_open_steps_by_day_nothing on open_steps_by_day (day) where {NOTHING}"
    )
    op.execute("set local statement_timeout = 0")
    op.execute(FILL.format(**TOLD))
    op.execute("analyze open_steps_by_day")


def downgrade() -> None:
    op.drop_table("open_steps_by_day")
