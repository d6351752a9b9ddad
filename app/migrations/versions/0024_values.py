"""The roll-up of open cases by the values of five fields: charts over a year read few rows of it.

It is derived from the versions, as they are; workers have stopped before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# By table: its time, how that is told from an hour, its key.
LEVELS = {
    "value_steps": ("hour", "hour", ("field", "value", "hour")),
    "value_steps_by_day": (
        "day",
        "date_bin('1 day', hour, 'epoch')",
        ("field", "value", "day"),
    ),
    "value_steps_by_month": (
        "month",
        "date_trunc('month', hour, 'UTC')",
        ("field", "month", "value"),
    ),
}
TOLD = """
create temp table value_steps_told on commit drop as
select date_bin('1 hour', at, 'epoch') as hour, field, value, sum(step)::integer as step,
    count(*) filter (where step > 0)::integer as entered
from (
    select at, field, value, step
    from case_versions
    cross join lateral (values
        (0::smallint, '' collate "C"),
        (3::smallint, coalesce(account, '') collate "C"),
        (4::smallint, coalesce(engineer, '') collate "C"),
        (5::smallint, coalesce(product, '') collate "C")
    ) fields (field, value)
    cross join lateral (values (valid_from, 1), (spell_to, -1)) moments (at, step)
    where is_open and spell_to is not null
    union all
    select at, field, value, step
    from case_versions
    cross join lateral (values
        (1::smallint, coalesce(status, '') collate "C"),
        (2::smallint, coalesce(card_status, '') collate "C")
    ) fields (field, value)
    cross join lateral (values (valid_from, 1), (valid_to, -1)) moments (at, step)
    where is_open
) moments
group by 1, 2, 3
"""
FILL = """
insert into {table} ({time}, field, value, {steps})
select {of_hour} as {time}, field, value, {sums} from value_steps_told
group by 1, 2, 3 having ({sums}) <> ({zeros})
order by {key}
"""


def upgrade() -> None:
    op.execute("set local statement_timeout = 0")
    for name, value in (
        ("work_mem", "512MB"),
        ("maintenance_work_mem", "512MB"),
        ("parallel_setup_cost", 0),
        ("parallel_tuple_cost", 0),
    ):
        op.execute(f"set local {name} = '{value}'")
    op.execute(TOLD)
    for table, (time, of_hour, key) in LEVELS.items():
        steps = ("step", "entered") if time == "month" else ("step",)
        op.create_table(
            table,
            sa.Column(time, sa.DateTime(timezone=True), nullable=False),
            sa.Column("step", sa.Integer(), nullable=False),
            sa.Column("field", sa.SmallInteger(), nullable=False),
            sa.Column("value", sa.Text(collation="C"), nullable=False),
            *(sa.Column(step, sa.Integer(), nullable=False) for step in steps[1:]),
        )
        sums = ", ".join(f"sum({step})" for step in steps)
        op.execute(
            FILL.format(
                table=table,
                time=time,
                of_hour=of_hour,
                steps=", ".join(steps),
                sums=sums,
                zeros=", ".join("0" for _ in steps),
                key=", ".join(key),
            )
        )
        op.create_primary_key(f"{table}_pkey", table, list(key))
        nothing = " and ".join(f"{step} = 0" for step in steps)
        op.execute(f"create index ix_{table}_nothing on {table} (field) where {nothing}")
        op.execute(f"analyze {table}")
    op.execute("drop table value_steps_told")


def downgrade() -> None:
    for table in LEVELS:
        op.drop_table(table)
