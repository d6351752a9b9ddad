"""Every count hour by hour: the roll-up of open cases tells of the other counts too.

The new columns come first, with nothing in them; then the roll-up is derived anew beside readers.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NEW = (
    "lasting",
    "no_updates",
    "no_bugs",
    "opened_last_day",
    "opened_last_week",
    "closed_last_day",
    "closed_last_week",
)
OLD_NOTHING = "step = 0 and created = 0 and reopened = 0 and closed = 0 and gone = 0"
NOTHING = """
    step = 0 and lasting = 0 and created = 0 and reopened = 0 and closed = 0 and gone = 0
    and no_updates = 0 and no_bugs = 0 and opened_last_day = 0 and opened_last_week = 0
    and closed_last_day = 0 and closed_last_week = 0
"""

STRETCHES = """
create temp table stretches on commit drop as
with told as (
    select case_number, valid_from, is_open, gone, severity, escalated, crit_sit, created_date,
        closed_at, event,
        (is_open, gone, severity, escalated, crit_sit, created_date, closed_at)
            is distinct from lag((is_open, gone, severity, escalated, crit_sit, created_date,
                closed_at)) over (partition by case_number order by valid_from) as differs
    from case_versions
)
select case_number, valid_from,
    coalesce(lead(valid_from) over history, 'infinity') as valid_to,
    is_open, gone, coalesce(severity, 0) as severity, escalated, crit_sit, created_date, closed_at,
    event,
    case when lead(gone) over history then 'gone'
        when not lead(is_open) over history then 'closed' end as ended_by
from told where differs
window history as (partition by case_number order by valid_from)
"""

STEPS = """
insert into open_steps (
    hour, severity, escalated, crit_sit, step, lasting, created, reopened, closed, gone, no_updates,
    no_bugs, opened_last_day, opened_last_week, closed_last_day, closed_last_week
)
select date_trunc('hour', at), severity, escalated, crit_sit, sum(step), sum(lasting), sum(created),
    sum(reopened), sum(closed), sum(gone), sum(no_updates), sum(no_bugs), sum(opened_last_day),
    sum(opened_last_week), sum(closed_last_day), sum(closed_last_week)
from (
    select valid_from, severity, escalated, crit_sit, 1, 0, coalesce(event = 'created', false)::int,
        coalesce(event in ('reopened', 'returned'), false)::int, 0, 0, 0, 1, 0, 0, 0, 0
    from stretches where is_open
    union all
    select valid_to, severity, escalated, crit_sit, -(valid_to < 'infinity')::int,
        -(valid_to = 'infinity')::int, 0, 0, coalesce(ended_by = 'closed', false)::int,
        coalesce(ended_by = 'gone', false)::int, 0, -1,
        0, 0, 0, 0
    from stretches where is_open
    union all
    select at, severity, escalated, crit_sit, 0, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0
    from stretches s
    join bug_spans b on b.case_number = s.case_number
        and b.valid_from < s.valid_to and b.valid_to > s.valid_from
    cross join lateral (values
        (greatest(b.valid_from, s.valid_from), -1), (least(b.valid_to, s.valid_to), 1)
    ) moments (at, side)
    where is_open
    union all
    select at, coalesce(severity, 0), escalated, crit_sit, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0, 0
    from case_versions v
    cross join lateral (values
        (greatest(valid_from, updated_at + interval '168 hours'), 1), (valid_to, -1)
    ) moments (at, side)
    where is_open and updated_at + interval '168 hours' < valid_to
    union all
    select at, severity, escalated, crit_sit, 0, 0, 0, 0, 0, 0, 0, 0, day, week, 0, 0
    from stretches
    cross join lateral (values
        (greatest(valid_from, created_date),
            (valid_from < created_date + interval '24 hours')::int, 1),
        (least(valid_to, created_date + interval '24 hours'),
            -(valid_from < created_date + interval '24 hours')::int, 0),
        (least(valid_to, created_date + interval '168 hours'), 0, -1)
    ) moments (at, day, week)
    where not gone and valid_from < created_date + interval '168 hours' and valid_to > created_date
    union all
    select at, severity, escalated, crit_sit, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, day, week
    from stretches
    cross join lateral (values
        (greatest(valid_from, closed_at),
            (valid_from < closed_at + interval '24 hours')::int, 1),
        (least(valid_to, closed_at + interval '24 hours'),
            -(valid_from < closed_at + interval '24 hours')::int, 0),
        (least(valid_to, closed_at + interval '168 hours'), 0, -1)
    ) moments (at, day, week)
    where not gone and valid_from < closed_at + interval '168 hours' and valid_to > closed_at
) moments (
    at, severity, escalated, crit_sit, step, lasting, created, reopened, closed, gone, no_updates,
    no_bugs, opened_last_day, opened_last_week, closed_last_day, closed_last_week
)
group by 1, 2, 3, 4
having (
    sum(step), sum(lasting), sum(created), sum(reopened), sum(closed), sum(gone), sum(no_updates),
    sum(no_bugs), sum(opened_last_day), sum(opened_last_week), sum(closed_last_day),
    sum(closed_last_week)
) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
"""


def upgrade() -> None:
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("open_steps")}
    with live.beside():
        for name in NEW:
            if name not in present:
                op.execute(f"alter table open_steps add column {name} integer not null default 0")
        live.replace_index("ix_open_steps_nothing", f"open_steps (hour) where {NOTHING}")
        for name in ("from", "to"):
            live.build_index(f"ix_bug_spans_{name}", f"bug_spans (valid_{name})")
        for name in NEW:
            op.alter_column("open_steps", name, server_default=None)
    op.execute("set local statement_timeout = 0")
    op.execute(STRETCHES)
    op.execute("analyze stretches")
    op.execute("delete from open_steps")
    op.execute(STEPS)


def downgrade() -> None:
    with live.beside():
        for name in ("from", "to"):
            live.drop_index(f"ix_bug_spans_{name}")
    op.execute("delete from open_steps where hour = 'infinity'")
    for name in NEW:
        op.drop_column("open_steps", name)
    op.execute(f"create index ix_open_steps_nothing on open_steps (hour) where {OLD_NOTHING}")
