"""The manager's board: how versions end, spans of bugs, hourly steps, SLA policies, annotations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ENDED = """
update case_versions v set ended_by = f.event
from case_versions f
where v.ended_by is null and f.event is not null
    and f.case_number = v.case_number and f.valid_from = v.valid_to
"""

SPANS = """
insert into bug_spans (case_number, valid_from, valid_to, untargeted)
with links as (
    select l.case_number, l.tracker, l.key,
        tstzrange(l.linked_at, coalesce(l.unlinked_at, 'infinity')) as held
    from case_bugs l
),
aimed as (
    select l.case_number, l.tracker, l.key,
        range_agg(l.held * tstzrange(v.valid_from, v.valid_to)) as held
    from links l join bug_versions v on v.tracker = l.tracker and v.key = l.key
    where v.target not in ('', '---') and l.held && tstzrange(v.valid_from, v.valid_to)
    group by l.case_number, l.tracker, l.key
),
links_of_bugs as (
    select case_number, tracker, key, range_agg(held) as held
    from links group by case_number, tracker, key
),
judged as (
    select case_number, range_agg(l.held) as held,
        range_agg(l.held - coalesce(a.held, '{}')) as bare
    from links_of_bugs l left join aimed a using (case_number, tracker, key)
    group by case_number
)
select case_number, lower(span), upper(span), true from judged, unnest(bare) span
union all
select case_number, lower(span), upper(span), false from judged, unnest(held - bare) span
"""

STEPS = """
insert into open_steps (hour, severity, escalated, crit_sit, step, created, reopened, closed, gone)
select hour, severity, escalated, crit_sit, sum(step), sum(created), sum(reopened), sum(closed),
    sum(gone)
from (
    select date_trunc('hour', valid_from) as hour, coalesce(severity, 0) as severity, escalated,
        crit_sit, count(*) as step, count(*) filter (where event = 'created') as created,
        count(*) filter (where event in ('reopened', 'returned')) as reopened, 0 as closed,
        0 as gone
    from case_versions where is_open group by 1, 2, 3, 4
    union all
    select date_trunc('hour', valid_to), coalesce(severity, 0), escalated, crit_sit, -count(*), 0,
        0, count(*) filter (where ended_by = 'closed'), count(*) filter (where ended_by = 'gone')
    from case_versions where is_open and valid_to < 'infinity' group by 1, 2, 3, 4
) told
group by 1, 2, 3, 4
having (sum(step), sum(created), sum(reopened), sum(closed), sum(gone)) <> (0, 0, 0, 0, 0)
"""

BESIDE = (
    "event, ended_by, severity, status, account, engineer, owner, product, group_name, waiting_on, "
    "escalated, crit_sit, card, card_status, created_date, updated_at, case_number, status_since, "
    "relief_at, resolved_at"
)
BESIDE_RECENT = (
    "valid_from, valid_to, severity, account, engineer, status, product, escalated, crit_sit"
)
RECENT = {
    "young": (
        "created_date", "not gone and valid_from - created_date < interval '168 hours'",
    ),
    "late": (
        "closed_at",
        "not gone and closed_at is not null and valid_from - closed_at < interval '168 hours'",
    ),
}  # fmt: skip


def upgrade() -> None:
    # Each of these commits by itself, so that no reader waits for the filling; all may be repeated.
    with op.get_context().autocommit_block():
        op.execute("alter table case_versions add column if not exists ended_by text")
        op.execute(ENDED)
        # Building an index beside its readers waits for them, and holds nobody up.
        op.execute("set lock_timeout = 0")
        op.execute("drop index concurrently if exists ix_case_versions_daily")
        op.execute(
            "create index concurrently ix_case_versions_daily on case_versions "
            f"(valid_to, valid_from) include ({BESIDE}) where is_open"
        )
        for name, (key, where) in RECENT.items():
            op.execute(f"drop index concurrently if exists ix_case_versions_{name}")
            op.execute(
                f"create index concurrently ix_case_versions_{name} on case_versions ({key}) "
                f"include ({BESIDE_RECENT}) where {where}"
            )
        op.execute("drop index concurrently if exists ix_case_versions_open")
        op.execute("vacuum (analyze, parallel 0) case_versions")
        op.execute("set lock_timeout = '2s'")
    op.create_table(
        "bug_spans",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("untargeted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name="positive_length"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], onupdate="CASCADE"),
        sa.PrimaryKeyConstraint("case_number", "valid_from"),
    )
    op.execute(SPANS)
    op.create_table(
        "open_steps",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("escalated", sa.Text(), nullable=False),
        sa.Column("crit_sit", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("step", "created", "reopened", "closed", "gone")
        ),
        sa.PrimaryKeyConstraint("hour", "severity", "escalated", "crit_sit"),
    )
    op.execute(STEPS)
    op.execute(
        "create index ix_open_steps_nothing on open_steps (hour) "
        "where step = 0 and created = 0 and reopened = 0 and closed = 0 and gone = 0"
    )
    op.create_table(
        "sla_policies",
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("valid_from"),
    )
    op.create_table(
        "annotations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_annotations_at", "annotations", ["at"])


def downgrade() -> None:
    for table in ("annotations", "sla_policies", "open_steps", "bug_spans"):
        op.drop_table(table)
    for name in ("daily", "young", "late"):
        op.drop_index(f"ix_case_versions_{name}", table_name="case_versions")
    op.create_index(
        "ix_case_versions_open",
        "case_versions",
        ["valid_to", "valid_from"],
        postgresql_where=sa.text("is_open"),
    )
    op.drop_column("case_versions", "ended_by")
