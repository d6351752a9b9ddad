"""One more roll-up: the bugs behind open cases, by the severity of the cases.

Charts over a year read few rows of it. It is derived from links, spells and the versions of bugs,
as they are; workers have stopped before. What is known of bugs counts for when the board is live,
too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

STEPS = ("bugs_unique", "bugs_no_target")
TABLES = {
    "bug_steps": ("hour", "hour"),
    "bug_steps_by_day": ("day", "date_bin('1 day', hour, 'epoch')"),
}
# The severity 0 is one that is not set, -1 any.
TOLD = """
create temp table told_bugs on commit drop as
with held as (
    select l.tracker, l.key, coalesce(v.severity, 0)::smallint as severity,
        range_agg(tstzrange(
            greatest(l.linked_at, v.valid_from),
            least(coalesce(l.unlinked_at, 'infinity'), v.spell_to)
        )) as held
    from case_bugs l join case_versions v on v.case_number = l.case_number
    where v.is_open and v.spell_to > l.linked_at
        and v.valid_from < coalesce(l.unlinked_at, 'infinity')
    group by 1, 2, 3
),
held_by_any as (
    select * from held
    union all
    select tracker, key, -1, range_agg(held) from held group by tracker, key
),
aimed as (
    select tracker, key, range_agg(tstzrange(valid_from, valid_to)) as aimed
    from bug_versions where target not in ('', '---') group by tracker, key
),
judged as (
    select severity, held, held - coalesce(aimed, tstzmultirange()) as bare
    from held_by_any left join aimed using (tracker, key)
)
select date_bin('1 hour', at, 'epoch') as hour, severity::smallint as severity,
    sum(side * counted)::integer as bugs_unique,
    sum(side * (1 - counted))::integer as bugs_no_target
from judged
cross join lateral (select 1, unnest(held) union all select 0, unnest(bare)) spans (counted, span)
cross join lateral (values (lower(span), 1), (upper(span), -1)) moments (at, side)
group by 1, 2
"""
FILL = """
insert into {table} ({time}, severity, bugs_unique, bugs_no_target)
select {told}, severity, sum(bugs_unique), sum(bugs_no_target) from told_bugs
group by 1, 2 having (sum(bugs_unique), sum(bugs_no_target)) <> (0, 0)
order by 2, 1
"""
LATEST = """
update data_version set latest = greatest(
    latest,
    (select greatest(max(linked_at), max(unlinked_at)) from case_bugs),
    (select max(valid_from) from bug_versions)
)
"""


def upgrade() -> None:
    op.execute("set local statement_timeout = 0")
    for name, value in (
        ("work_mem", "512MB"),
        ("parallel_setup_cost", 0),
        ("parallel_tuple_cost", 0),
    ):
        op.execute(f"set local {name} = '{value}'")
    op.execute(TOLD)
    for table, (time, told) in TABLES.items():
        op.create_table(
            table,
            sa.Column(time, sa.DateTime(timezone=True), nullable=False),
            sa.Column("severity", sa.SmallInteger(), nullable=False),
            *(sa.Column(name, sa.Integer(), nullable=False) for name in STEPS),
        )
        op.execute(FILL.format(table=table, time=time, told=told))
        op.create_primary_key(f"{table}_pkey", table, ["severity", time])
        nothing = " and ".join(f"{name} = 0" for name in STEPS)
        op.execute(f"create index ix_{table}_nothing on {table} (severity) where {nothing}")
        op.execute(f"analyze {table}")
    op.execute("drop table told_bugs")
    op.execute(LATEST)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
