"""Two more roll-ups: open cases by the values of five fields, and who reached which stage.

Charts over a year read few rows of them. They are derived from the versions, as they are; workers
have stopped before.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

DAY = "date_bin('1 day', hour, 'epoch')"
MONTH = "date_trunc('month', hour, 'UTC')"


@dataclass(frozen=True)
class Table:
    """A table of a roll-up: its primary key, its time and how that is told, its sums."""

    name: str
    key: tuple[str, ...]
    time: str
    of_hour: str
    steps: tuple[str, ...]


VALUE = ("field", "value")
CASES = ("severity", "escalated", "crit_sit")
STAGES = ("created", "relieved", "resolved", "closed")
TABLES = {
    "values": (
        Table("value_steps", (*VALUE, "hour"), "hour", "hour", ("step",)),
        Table("value_steps_by_day", (*VALUE, "day"), "day", DAY, ("step",)),
        Table(
            "value_steps_by_month",
            ("field", "month", "value"),
            "month",
            MONTH,
            ("step", "entered"),
        ),
    ),
    "stages": (
        Table("stage_steps", ("hour", *CASES), "hour", "hour", STAGES),
        Table("stage_steps_by_day", ("day", *CASES), "day", DAY, STAGES),
    ),
}
COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "field": sa.SmallInteger(),
    "value": sa.Text(collation="C"),
    "severity": sa.SmallInteger(),
    "escalated": sa.Text(),
    "crit_sit": sa.Boolean(),
}
TOLD = {
    "values": """
create temp table told_values on commit drop as
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
""",
    "stages": """
create temp table told_stages on commit drop as
select date_bin('1 hour', at, 'epoch') as hour, severity, escalated, crit_sit,
    sum(created * side)::integer as created, sum(relieved * side)::integer as relieved,
    sum(resolved * side)::integer as resolved, sum(closed * side)::integer as closed
from (
    select coalesce(severity, 0)::smallint as severity, escalated, crit_sit, created_date,
        relief_at, resolved_at, case when not is_open then closed_at end as ended
    from case_versions where valid_to = 'infinity' and not gone
) standing
cross join lateral (values
    (created_date, 1, 0, 0, 0),
    (least(relief_at, resolved_at, ended), 0, 1, 0, 0),
    (least(resolved_at, ended), 0, 0, 1, 0),
    (ended, 0, 0, 0, 1)
) reached (moment, created, relieved, resolved, closed)
cross join lateral (values
    (greatest(created_date, moment), 1), ('infinity', -1)
) moments (at, side)
where moment is not null
group by 1, 2, 3, 4
""",
}
FILL = """
insert into {table} ({key}, {steps})
select {told}, {sums} from told_{kind}
group by {places} having ({sums}) <> ({zeros})
order by {places}
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
    for kind, tables in TABLES.items():
        op.execute(TOLD[kind])
        for table in tables:
            make(table, kind)
        op.execute(f"drop table told_{kind}")


def make(table: Table, kind: str) -> None:
    """Make a table and fill it; its indexes come last, when all rows are there."""
    others = (name for name in table.key if name != table.time)
    op.create_table(
        table.name,
        sa.Column(table.time, sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, COLUMNS[name], nullable=False) for name in others),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in table.steps),
    )
    told = (table.of_hour if name == table.time else name for name in table.key)
    sums = ", ".join(f"sum({name})" for name in table.steps)
    op.execute(
        FILL.format(
            table=table.name,
            kind=kind,
            key=", ".join(table.key),
            told=", ".join(told),
            steps=", ".join(table.steps),
            sums=sums,
            zeros=", ".join("0" for _ in table.steps),
            places=", ".join(str(n + 1) for n in range(len(table.key))),
        )
    )
    op.create_primary_key(f"{table.name}_pkey", table.name, list(table.key))
    nothing = " and ".join(f"{name} = 0" for name in table.steps)
    on = f"{table.name} ({table.key[0]})"
    op.execute(f"create index ix_{table.name}_nothing on {on} where {nothing}")
    op.execute(f"analyze {table.name}")


def downgrade() -> None:
    for tables in TABLES.values():
        for table in tables:
            op.drop_table(table.name)
