"""How the counts of the catalogue changed, hour by hour: the roll-up of all versions.

A row tells of an hour, and of cases with the same severity (0: not set), prio-list and critical
flag. `step` is how many open cases entered less how many left, whatever the reason; `created` to
`gone` tell the reasons; the others are steps of the count that they are named after. What holds for
ever ends in the hour `infinity` (open cases under `lasting`), so that all steps of a count add up
to nothing, and those after an instant to its value by then, taken away.

A load takes away what was said of its cases before and adds what is to be said of them after it.
"""

from collections.abc import Callable

from sqlalchemy import Connection, text

from app.models import NOTHING

KEY = ("hour", "severity", "escalated", "crit_sit")
FLOWS = ("created", "reopened", "closed", "gone")
COUNTS = (
    "no_updates",
    "no_bugs",
    "opened_last_day",
    "opened_last_week",
    "closed_last_day",
    "closed_last_week",
)
STEPS = ("step", "lasting", *FLOWS, *COUNTS)

# A case whose versions or bugs are about to be derived anew.
CHOSEN = """
create temp table stepped_cases on commit drop as
select key from touched_cases
union
select split_part(key, '|', 1) from touched where entity = 'link'
"""
OF_CHOSEN = "join stepped_cases on key = case_number"

# The versions that differ in what the roll-up tells; all between are told by the first of them.
STRETCHES = """
with told as (
    select case_number, valid_from, is_open, gone, severity, escalated, crit_sit, created_date,
        closed_at, event,
        (is_open, gone, severity, escalated, crit_sit, created_date, closed_at)
            is distinct from lag((is_open, gone, severity, escalated, crit_sit, created_date,
                closed_at)) over (partition by case_number order by valid_from) as differs
    from case_versions {chosen}
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

# Every start and end of a stretch in which a count holds its case: when, and how columns step.
OPEN = """
select valid_from, {key}, 1, 0, coalesce(event = 'created', false)::int,
    coalesce(event in ('reopened', 'returned'), false)::int, 0, 0, 0, 1, 0, 0, 0, 0
from stretches where is_open
union all
select valid_to, {key}, -(valid_to < 'infinity')::int, -(valid_to = 'infinity')::int, 0, 0,
    coalesce(ended_by = 'closed', false)::int, coalesce(ended_by = 'gone', false)::int, 0, -1,
    0, 0, 0, 0
from stretches where is_open
"""
# Without bugs are all that are open, less those that have some, while they have.
WITH_BUGS = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0
from stretches s
join bug_spans b on b.case_number = s.case_number
    and b.valid_from < s.valid_to and b.valid_to > s.valid_from
cross join lateral (values
    (greatest(b.valid_from, s.valid_from), -1), (least(b.valid_to, s.valid_to), 1)
) moments (at, side)
where is_open
"""
NO_UPDATES = """
select at, coalesce(severity, 0), escalated, crit_sit, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0, 0
from case_versions v {chosen}
cross join lateral (values
    (greatest(valid_from, updated_at + interval '168 hours'), 1), (valid_to, -1)
) moments (at, side)
where is_open and updated_at + interval '168 hours' < valid_to
"""
# For a day and for a week after a moment of the case.
RECENT = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, 0, {steps}
from stretches
cross join lateral (values
    (greatest(valid_from, {moment}), (valid_from < {moment} + interval '24 hours')::int, 1),
    (least(valid_to, {moment} + interval '24 hours'),
        -(valid_from < {moment} + interval '24 hours')::int, 0),
    (least(valid_to, {moment} + interval '168 hours'), 0, -1)
) moments (at, day, week)
where not gone and valid_from < {moment} + interval '168 hours' and valid_to > {moment}
"""
RULED = "severity, escalated, crit_sit"
MOMENTS = (
    OPEN.format(key=RULED),
    WITH_BUGS.format(key=RULED),
    NO_UPDATES,
    RECENT.format(key=RULED, moment="created_date", steps="day, week, 0, 0"),
    RECENT.format(key=RULED, moment="closed_at", steps="0, 0, day, week"),
)
TOLD = f"""
select date_bin('1 hour', at, 'epoch') as hour, severity, escalated, crit_sit,
    {", ".join(f"sum({name}) as {name}" for name in STEPS)}
from (
    {"union all".join(MOMENTS)}
) moments (at, severity, escalated, crit_sit, {", ".join(STEPS)})
group by 1, 2, 3, 4
"""

TOLD_APART = "create temp table stretches on commit drop as " + STRETCHES.format(chosen=OF_CHOSEN)
TOLD_OF_CHOSEN = TOLD.format(chosen=OF_CHOSEN)

BEFORE = f"create temp table steps_before on commit drop as {TOLD_OF_CHOSEN}"

SUMS = ", ".join(f"sum({name})" for name in STEPS)
ZEROS = ", ".join("0" for _ in STEPS)

CHANGE = f"""
insert into open_steps as known ({", ".join((*KEY, *STEPS))})
select {", ".join(KEY)}, {SUMS}
from (
    {TOLD_OF_CHOSEN}
    union all
    select {", ".join(KEY)}, {", ".join(f"-{name}" for name in STEPS)} from steps_before
) told
group by 1, 2, 3, 4
having ({SUMS}) <> ({ZEROS})
on conflict ({", ".join(KEY)}) do update set
    ({", ".join(STEPS)}) = ({", ".join(f"known.{name} + excluded.{name}" for name in STEPS)})
"""

# Hours in which nothing happened after all; an index of its own finds them.
TIDY = f"delete from open_steps where {NOTHING}"

# Of all cases: several workers share the work on what is no temporary table.
ALL_APART = "create unlogged table stretches as " + STRETCHES.format(chosen="")
ALL_TOLD = "create temp table steps_told on commit drop as " + TOLD.format(chosen="")
FILL = f"""
insert into open_steps ({", ".join((*KEY, *STEPS))})
select {", ".join((*KEY, *STEPS))} from steps_told where ({", ".join(STEPS)}) <> ({ZEROS})
"""


def before(connection: Connection) -> None:
    """Note what is said of the touched cases, before anything of them is derived anew."""
    for statement in (CHOSEN, "analyze stepped_cases", TOLD_APART, "analyze stretches", BEFORE):
        connection.execute(text(statement))
    connection.execute(text("drop table stretches"))


def after(connection: Connection) -> None:
    """Bring the roll-up to what is to be said of the touched cases now."""
    for statement in (TOLD_APART, "analyze stretches", CHANGE, TIDY):
        connection.execute(text(statement))


def fill(connection: Connection, once_spanned: Callable[[], object] = lambda: None) -> None:
    """Derive the roll-up of all cases; `once_spanned` returns when the spans of bugs are there."""
    # Millions of rows: they are to be sorted and added up in memory.
    connection.execute(text("set local work_mem = '512MB'"))
    for statement in (ALL_APART, "analyze stretches"):
        connection.execute(text(statement))
    once_spanned()
    for statement in (ALL_TOLD, "delete from open_steps", FILL, "drop table stretches"):
        connection.execute(text(statement))
