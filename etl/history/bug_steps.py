"""The roll-up of the bugs behind open cases, hour by hour, by the severity of these cases.

Bugs of cases do not add up, as several cases may wait for one. So each bug steps by itself: up
when the first open case of a severity has it, down when the last one has it no more; and likewise
for the cases of any severity. `bugs_no_target` tells the same of the times without a target.

A load looks only at bugs of which a link, a target, or an open case's time or severity differs, and
only since then. What was said of them before it is what did not differ, and what was noted.
"""

from app.models import ANY_SEVERITY
from etl.history.rollup import OF_DAY, Level, RollUp

KEY = ("severity",)
STEPS = ("bugs_unique", "bugs_no_target")
AIMED = "v.target not in ('', '---')"
UNTIL = "coalesce(l.unlinked_at, 'infinity')"

OF_LINK = """
t.entity = 'link' and l.case_number = split_part(t.key, '|', 1)
    and l.tracker = split_part(t.key, '|', 2) and l.key = split_part(t.key, '|', 3)
"""
OF_BUG = """
t.entity = 'bug' and v.tracker = split_part(t.key, '|', 1)
    and v.key = substr(t.key, strpos(t.key, '|') + 1)
"""
LINKS = f"select l.* from touched t join case_bugs l on {OF_LINK}"
AIMS = f"""
select v.tracker, v.key, v.valid_from, v.valid_to
from touched t join bug_versions v on {OF_BUG} where {AIMED}
"""
NOTED = (
    f"create temp table linked_before on commit drop as {LINKS}",
    f"create temp table aimed_before on commit drop as {AIMS}",
)

# Where one span ends and another begins as it did, nothing differs.
DIFFERING = f"""
select tracker, key, min(at) as since
from (
    select l.tracker, l.key, at
    from (select *, 1 as sign from ({LINKS}) now union all select *, -1 from linked_before) l
    cross join lateral (values (l.linked_at, sign), ({UNTIL}, -sign)) moments (at, step)
    group by l.case_number, l.tracker, l.key, at having sum(step) <> 0
    union all
    select v.tracker, v.key, at
    from (select *, 1 as sign from ({AIMS}) now union all select *, -1 from aimed_before) v
    cross join lateral (values (v.valid_from, sign), (v.valid_to, -sign)) moments (at, step)
    group by v.tracker, v.key, at having sum(step) <> 0
    union all
    select l.tracker, l.key, v.at
    from (
        select case_number, at from stepped_versions
        cross join lateral (values (valid_from, sign), (spell_to, -sign)) moments (at, step)
        where sign <> 0 and is_open and spell_to is not null
        group by case_number, severity, at having sum(step) <> 0
    ) v join case_bugs l on l.case_number = v.case_number
) told
group by tracker, key
"""
# All links of these bugs since then: those there are `now`, and those there were `before`.
STEPPED = f"""
create temp table stepped_links on commit drop as
with bugs as materialized ({DIFFERING})
select l.tracker, l.key, l.case_number, greatest(l.linked_at, b.since) as start,
    {UNTIL} as until, true as now, not exists (select from touched t where {OF_LINK}) as before
from bugs b join case_bugs l on l.tracker = b.tracker and l.key = b.key and {UNTIL} > b.since
union all
select l.tracker, l.key, l.case_number, greatest(l.linked_at, b.since), {UNTIL}, false, true
from bugs b join linked_before l on l.tracker = b.tracker and l.key = b.key and {UNTIL} > b.since
"""
# One bug may have thousands of links: how many there are decides how their cases are looked up.
COUNTED = "analyze stepped_links (case_number)"
SINCE = "select min(start) as since from stepped_links having count(*) > 0"
# While which open cases had one of these bugs, and while which it had a target (`aimed`). The bound
# `:since` says nothing new, but lets an index tell who is open.
CHANGED = f"""(
    with spells as (
        select l.*, v.severity, v.valid_from, v.spell_to,
            c.key is null or v.valid_from < c.since as kept
        from stepped_links l
        join case_versions v on v.case_number = l.case_number
        left join stepped_cases c on c.key = l.case_number
        where v.is_open and v.spell_to > l.start and v.valid_from < l.until and v.spell_to > :since
        union all
        select l.tracker, l.key, l.case_number, l.start, l.until, false, l.before,
            v.severity, v.valid_from, v.spell_to, true
        from stepped_links l join stepped_before v on v.case_number = l.case_number
        where v.is_open and v.spell_to > l.start and v.valid_from < l.until
    ),
    bugs as (select distinct tracker, key from stepped_links)
    select tracker, key, coalesce(severity, 0)::smallint as severity,
        tstzrange(greatest(start, valid_from), least(until, spell_to)) as held, false as aimed,
        now, before and kept as before
    from spells
    union all
    select v.tracker, v.key, null, tstzrange(v.valid_from, v.valid_to), true, true,
        not exists (select from touched t where {OF_BUG})
    from bugs b join bug_versions v on v.tracker = b.tracker and v.key = b.key where {AIMED}
    union all
    select v.tracker, v.key, null, tstzrange(v.valid_from, v.valid_to), true, false, true
    from bugs b join aimed_before v on v.tracker = b.tracker and v.key = b.key
) changed"""
ALL = f"""(
    select l.tracker, l.key, coalesce(v.severity, 0)::smallint as severity,
        tstzrange(greatest(l.linked_at, v.valid_from), least({UNTIL}, v.spell_to)) as held,
        false as aimed, true as now, false as before
    from case_bugs l join case_versions v on v.case_number = l.case_number
    where v.is_open and v.spell_to > l.linked_at and v.valid_from < {UNTIL}
    union all
    select v.tracker, v.key, null, tstzrange(v.valid_from, v.valid_to), true, true, false
    from bug_versions v where {AIMED}
) known"""

# Ranges of time are added and taken from each other as sets.
MOMENTS = f"""
with summed as materialized (
    select tracker, key, severity, aimed, range_agg(held) filter (where now) as now,
        range_agg(held) filter (where before) as before
    from {{versions}} group by tracker, key, severity, aimed
),
held as (
    select tracker, key, severity, now, before from summed where not aimed
    union all
    select tracker, key, {ANY_SEVERITY}, range_agg(now), range_agg(before)
    from summed where not aimed group by tracker, key
),
judged as (
    select h.severity, sign, held, held - coalesce(targeted, tstzmultirange()) as bare
    from held h
    left join summed a on a.aimed and a.tracker = h.tracker and a.key = h.key
    cross join lateral
        (values (1, h.now, a.now), (-1, h.before, a.before)) told (sign, held, targeted)
    where held is not null
)
select at, severity, side * counted, side * (1 - counted), sign
from judged
cross join lateral (select 1, unnest(held) union all select 0, unnest(bare)) spans (counted, span)
cross join lateral (values (lower(span), 1), (upper(span), -1)) moments (at, side)
"""

HOURS = Level("bug_steps", (*KEY, "hour"), "hour", "hour", STEPS)
DAYS = Level("bug_steps_by_day", (*KEY, "day"), "day", OF_DAY, STEPS)
ROLL_UP = RollUp(
    key=KEY,
    steps=STEPS,
    levels=(HOURS, DAYS),
    moments=(MOMENTS,),
    noted=NOTED,
    found=(STEPPED, COUNTED),
    asked=SINCE,
    changed=CHANGED,
    known=ALL,
)
