"""The manager's board: how versions end, spans of bugs, hourly steps, SLA policies, annotations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations import live

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ENDED = """
update case_versions v set ended_by = f.event
from case_versions f
where v.ended_by is null and f.event is not null
    and f.case_number = v.case_number and f.valid_from = v.valid_to
    and v.case_number > :after and v.case_number <= :upto
"""

SPANS_TABLE = """
create table if not exists bug_spans (
    case_number text not null, valid_from timestamptz not null, valid_to timestamptz not null,
    untargeted boolean not null,
    constraint positive_length check (valid_from < valid_to),
    primary key (case_number, valid_from),
    constraint bug_spans_case_number_fkey foreign key (case_number)
        references cases (case_number) on update cascade
);
delete from bug_spans
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
    with live.beside():
        op.execute("alter table case_versions add column if not exists ended_by text")
        live.in_batches(ENDED)
        live.build_index(
            "ix_case_versions_daily",
            f"case_versions (valid_to, valid_from) include ({BESIDE}) where is_open",
        )
        for name, (key, where) in RECENT.items():
            live.build_index(
                f"ix_case_versions_{name}",
                f"case_versions ({key}) include ({BESIDE_RECENT}) where {where}",
            )
        live.drop_index("ix_case_versions_open")
        with live.patient():
            op.execute("vacuum (analyze, parallel 0) case_versions")
        for statement in SPANS_TABLE.split(";"):
            op.execute(statement)
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
    with live.beside():
        live.build_index(
            "ix_case_versions_open", "case_versions (valid_to, valid_from) where is_open"
        )
        for name in ("daily", "young", "late"):
            live.drop_index(f"ix_case_versions_{name}")
    for table in ("annotations", "sla_policies", "open_steps", "bug_spans"):
        op.drop_table(table)
    op.drop_column("case_versions", "ended_by")
