"""The roll-up of the counts of the catalogue, hour by hour, from all spells.

A row tells of cases with the same severity (0: not set), prio-list and critical flag. `step` is how
many open cases entered less how many left, whatever the reason; `created` to `gone` tell the
reasons; the others are steps of the count that they are named after. The end of what holds for ever
is, of open cases, told in `lasting`.
"""

from etl.history.clocks import clocks
from etl.history.rollup import OF_DAY, Level, RollUp

KEY = ("severity", "escalated", "crit_sit")
FLOWS = ("created", "reopened", "closed", "gone")
COUNTS = (
    "no_updates",
    "no_bugs",
    "opened_last_day",
    "opened_last_week",
    "closed_last_day",
    "closed_last_week",
    "at_risk",
    "breached",
)
STEPS = ("step", "lasting", *FLOWS, *COUNTS)
OF_CASES = "coalesce(severity, 0), escalated, crit_sit"

# What begins and ends a spell, or a part of one in which a count holds its case: when, and how the
# columns step.
OPEN = """
select valid_from, {key}, 1, 0, coalesce(event = 'created', false)::int,
    coalesce(event in ('reopened', 'returned'), false)::int, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, {sign}
from {versions} where is_open and spell_to is not null
union all
select spell_to, {key}, -(spell_to < 'infinity')::int, -(spell_to = 'infinity')::int, 0, 0,
    0, 0, 0, -1, 0, 0, 0, 0, 0, 0, {sign}
from {versions} where is_open and spell_to is not null
union all
select valid_to, {key}, 0, 0, 0, 0, (ended_by = 'closed')::int, (ended_by = 'gone')::int,
    0, 0, 0, 0, 0, 0, 0, 0, {sign}
from {versions} where is_open and ended_by in ('closed', 'gone')
"""
# Without bugs are all that are open, less those that have some, while they have.
WITH_BUGS = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0, 0, 0, {sign}
from (select * from {versions}) v
join bug_spans b on b.case_number = v.case_number
    and b.valid_from < v.spell_to and b.valid_to > v.valid_from
cross join lateral (values
    (greatest(b.valid_from, v.valid_from), -1), (least(b.valid_to, v.spell_to), 1)
) moments (at, side)
where is_open and spell_to is not null
"""
NO_UPDATES = """
select at, {key}, 0, 0, 0, 0, 0, 0, side, 0, 0, 0, 0, 0, 0, 0, {sign}
from {versions}
cross join lateral (values
    (greatest(valid_from, updated_at + interval '168 hours'), 1), (valid_to, -1)
) moments (at, side)
where is_open and updated_at + interval '168 hours' < valid_to
"""
# For a day and for a week after a moment of the case.
RECENT = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, 0, {steps}, 0, 0, {sign}
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
    NO_UPDATES,
    RECENT.replace("{moment}", "created_date").replace("{steps}", "day, week, 0, 0"),
    RECENT.replace("{moment}", "closed_at").replace("{steps}", "0, 0, day, week"),
)

HOURS = Level("open_steps", ("hour", *KEY), "hour", "hour", STEPS)
DAYS = Level("open_steps_by_day", ("day", *KEY), "day", OF_DAY, STEPS)
ROLL_UP = RollUp(
    key=KEY,
    steps=STEPS,
    levels=(HOURS, DAYS),
    moments=(*(part.replace("{key}", OF_CASES) for part in MOMENTS), clocks(OF_CASES)),
    beside=(WITH_BUGS.replace("{key}", OF_CASES),),
)
