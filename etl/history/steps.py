"""How the number of open cases changed, hour by hour: the roll-up of all versions.

A row tells of an hour, and of cases with the same severity (0: not set), prio-list and critical
flag: `step` is how many entered less how many left, whatever the reason; the other columns tell the
reasons. A load takes away what the versions before it said and adds what those after it say.
"""

from sqlalchemy import Connection, text

# What the versions of some cases say, once with each sign.
TOLD = """
select hour, severity, escalated, crit_sit, {sign} * sum(step) as step,
    {sign} * sum(created) as created, {sign} * sum(reopened) as reopened,
    {sign} * sum(closed) as closed, {sign} * sum(gone) as gone
from (
    select date_trunc('hour', valid_from) as hour, coalesce(severity, 0) as severity, escalated,
        crit_sit, count(*) as step, count(*) filter (where event = 'created') as created,
        count(*) filter (where event in ('reopened', 'returned')) as reopened, 0 as closed,
        0 as gone
    from case_versions {chosen} where is_open group by 1, 2, 3, 4
    union all
    select date_trunc('hour', valid_to), coalesce(severity, 0), escalated, crit_sit, -count(*), 0,
        0, count(*) filter (where ended_by = 'closed'), count(*) filter (where ended_by = 'gone')
    from case_versions {chosen} where is_open and valid_to < 'infinity' group by 1, 2, 3, 4
) told
group by 1, 2, 3, 4
"""
TOUCHED = "join touched_cases on key = case_number"

BEFORE = f"create temp table steps_before on commit drop as {TOLD.format(sign=-1, chosen=TOUCHED)}"

CHANGE = f"""
insert into open_steps as known
    (hour, severity, escalated, crit_sit, step, created, reopened, closed, gone)
select hour, severity, escalated, crit_sit, sum(step), sum(created), sum(reopened), sum(closed),
    sum(gone)
from (
    select * from steps_before
    union all
    {TOLD.format(sign=1, chosen=TOUCHED)}
) told
group by 1, 2, 3, 4
having (sum(step), sum(created), sum(reopened), sum(closed), sum(gone)) <> (0, 0, 0, 0, 0)
on conflict (hour, severity, escalated, crit_sit) do update set
    (step, created, reopened, closed, gone) = (
        known.step + excluded.step, known.created + excluded.created,
        known.reopened + excluded.reopened, known.closed + excluded.closed,
        known.gone + excluded.gone)
"""

# Hours in which nothing happened after all; an index of its own finds them.
TIDY = """
delete from open_steps
where step = 0 and created = 0 and reopened = 0 and closed = 0 and gone = 0
"""

FILL = f"""
insert into open_steps (
    hour, severity, escalated, crit_sit, step, created, reopened, closed, gone)
{TOLD.format(sign=1, chosen="")}
"""


def before(connection: Connection) -> None:
    """Note what the versions of the touched cases say, before they are derived anew."""
    connection.execute(text(BEFORE))


def after(connection: Connection) -> None:
    """Bring the roll-up to what the versions of the touched cases say now."""
    connection.execute(text(CHANGE))
    connection.execute(text(TIDY))


def fill(connection: Connection) -> None:
    """Derive the roll-up of all cases."""
    connection.execute(text("delete from open_steps"))
    connection.execute(text(FILL))
    connection.execute(text(TIDY))
