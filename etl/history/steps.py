"""How the counts of the catalogue changed, hour by hour: the roll-up of all spells.

What is told of the hours of a day (UTC) is kept added up beside them. A row tells of cases with the
same severity (0: not set), prio-list and critical flag. `step` is how many open cases entered less
how many left, whatever the reason; `created` to `gone` tell the reasons; the others are steps of
the count that they are named after. What holds for ever ends in the hour `infinity` (open cases
under `lasting`), so that all steps of a count add up to nothing, and those after an instant to its
value by then, taken away.

A load takes away what was said of its cases before and adds what is to be said of them after it.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

from app.models import NOTHING

TABLES = ("open_steps", "open_steps_by_day")
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

# A case whose versions or bugs are about to be derived anew, and since when.
CHOSEN = """
create temp table stepped_cases on commit drop as
select key, min(since) as since from (
    select key, spell_since as since from touched_cases
    union all
    select split_part(key, '|', 1), '-infinity' from touched where entity = 'link'
) told group by key
"""
# Their versions are looked up once, whatever is then asked of them.
OF_CHOSEN = """
with looked_up as materialized (
    select case_number, valid_from, valid_to, spell_to, is_open, gone, event, ended_by, severity,
        escalated, crit_sit, updated_at, created_date, closed_at
    from case_versions join stepped_cases on key = case_number and valid_from >= since
)
"""
CHOSEN_VERSIONS = "looked_up"
ALL_VERSIONS = "case_versions"

# What begins and ends a spell, or a part of one in which a count holds its case: when, and how the
# columns step.
OPEN = """
select valid_from, {key}, 1, 0, coalesce(event = 'created', false)::int,
    coalesce(event in ('reopened', 'returned'), false)::int, 0, 0, 0, 1, 0, 0, 0, 0
from {versions} where is_open and spell_to is not null
union all
select spell_to, {key}, -(spell_to < 'infinity')::int, -(spell_to = 'infinity')::int, 0, 0,
    0, 0, 0, -1, 0, 0, 0, 0
from {versions} where is_open and spell_to is not null
union all
select valid_to, {key}, 0, 0, 0, 0, (ended_by = 'closed')::int, (ended_by = 'gone')::int,
    0, 0, 0, 0, 0, 0
from {versions} where is_open and ended_by in ('closed', 'gone')
"""
# Without bugs are all that are open, less those that have some, while they have.
WITH_BUGS = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0
from {versions} v
join bug_spans b on b.case_number = v.case_number
    and b.valid_from < v.spell_to and b.valid_to > v.valid_from
cross join lateral (values
    (greatest(b.valid_from, v.valid_from), -1), (least(b.valid_to, v.spell_to), 1)
) moments (at, side)
where is_open and spell_to is not null
"""
NO_UPDATES = """
select at, {key}, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0, 0
from {versions}
cross join lateral (values
    (greatest(valid_from, updated_at + interval '168 hours'), 1), (valid_to, -1)
) moments (at, side)
where is_open and updated_at + interval '168 hours' < valid_to
"""
# For a day and for a week after a moment of the case.
RECENT = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, 0, {steps}
from {versions}
cross join lateral (values
    (greatest(valid_from, {moment}), (valid_from < {moment} + interval '24 hours')::int, 1),
    (least(spell_to, {moment} + interval '24 hours'),
        -(valid_from < {moment} + interval '24 hours')::int, 0),
    (least(spell_to, {moment} + interval '168 hours'), 0, -1)
) moments (at, day, week)
where not gone and spell_to > {moment} and valid_from < {moment} + interval '168 hours'
"""
MOMENTS = (
    OPEN,
    WITH_BUGS,
    NO_UPDATES,
    RECENT.replace("{moment}", "created_date").replace("{steps}", "day, week, 0, 0"),
    RECENT.replace("{moment}", "closed_at").replace("{steps}", "0, 0, day, week"),
)


def _told(versions: str, parts: Sequence[str] = MOMENTS) -> str:
    moments = "union all".join(parts)
    return f"""
select date_bin('1 hour', at, 'epoch') as hour, severity, escalated, crit_sit,
    {", ".join(f"sum({name}) as {name}" for name in STEPS)}
from (
    {moments.format(versions=versions, key="coalesce(severity, 0), escalated, crit_sit")}
) moments (at, severity, escalated, crit_sit, {", ".join(STEPS)})
group by 1, 2, 3, 4
"""


BEFORE = f"create temp table steps_before on commit drop as {OF_CHOSEN} {_told(CHOSEN_VERSIONS)}"

SUMS = ", ".join(f"sum({name})" for name in STEPS)
NAMED_SUMS = ", ".join(f"sum({name}) as {name}" for name in STEPS)
ZEROS = ", ".join("0" for _ in STEPS)
DIFFERS = f"having ({SUMS}) <> ({ZEROS})"
COLUMNS = ", ".join((*KEY, *STEPS))
DAY_KEY = ("day", *KEY[1:])
BY_DAY = f"""
insert into open_steps_by_day as known ({", ".join((*DAY_KEY, *STEPS))})
select date_bin('1 day', hour, 'epoch'), {", ".join(KEY[1:])}, {SUMS} from {{hours}}
group by 1, 2, 3, 4 {DIFFERS}
order by 1
"""

CHANGED = f"""
create temp table steps_changed on commit drop as
{OF_CHOSEN}
select {", ".join(KEY)}, {NAMED_SUMS}
from (
    {_told(CHOSEN_VERSIONS)}
    union all
    select {", ".join(KEY)}, {", ".join(f"-{name}" for name in STEPS)} from steps_before
) told
group by {", ".join(KEY)} {DIFFERS}
"""
ADDED = f"({', '.join(STEPS)}) = ({', '.join(f'known.{one} + excluded.{one}' for one in STEPS)})"
CHANGE = f"""
insert into open_steps as known ({COLUMNS}) select {COLUMNS} from steps_changed
on conflict ({", ".join(KEY)}) do update set {ADDED}
"""
CHANGE_DAYS = f"""
{BY_DAY.format(hours="steps_changed")}
on conflict ({", ".join(DAY_KEY)}) do update set {ADDED}
"""

# Hours and days in which nothing happened after all; indexes of their own find them.
TIDY = f"delete from open_steps where {NOTHING}"
TIDY_DAYS = f"delete from open_steps_by_day where {NOTHING}"

# Of all cases: first what can be told before the spans of bugs are there.
WITHOUT_BUGS = tuple(part for part in MOMENTS if part is not WITH_BUGS)
ALL_TOLD = f"create temp table steps_told on commit drop as {_told(ALL_VERSIONS, WITHOUT_BUGS)}"
BUGS_TOLD = f"insert into steps_told {_told(ALL_VERSIONS, (WITH_BUGS,))}"
FILL = f"""
insert into open_steps ({COLUMNS})
select {", ".join(KEY)}, {SUMS} from steps_told
group by {", ".join(KEY)} {DIFFERS}
order by hour
"""
FILL_DAYS = BY_DAY.format(hours="open_steps")


def before(connection: Connection) -> None:
    """Note what is said of the touched cases, before anything of them is derived anew."""
    for statement in (CHOSEN, "analyze stepped_cases", BEFORE):
        connection.execute(text(statement))


def after(connection: Connection) -> None:
    """Bring the roll-up to what is to be said of the touched cases now."""
    for statement in (CHANGED, CHANGE, CHANGE_DAYS, TIDY, TIDY_DAYS):
        connection.execute(text(statement))


def fill(connection: Connection, once_spanned: Callable[[], object] = lambda: None) -> None:
    """Derive the roll-up of all cases; `once_spanned` returns when the spans of bugs are there."""
    # Millions of rows: they are to be sorted and added up in memory, by all workers there are.
    for name, value in (
        ("work_mem", "512MB"),
        ("parallel_setup_cost", 0),
        ("parallel_tuple_cost", 0),
    ):
        connection.execute(text(f"set local {name} = '{value}'"))
    connection.execute(text(ALL_TOLD))
    once_spanned()
    connection.execute(text(BUGS_TOLD))
    for statement in (*(f"delete from {table}" for table in TABLES), FILL, FILL_DAYS):
        connection.execute(text(statement))
