"""The roll-up of how far cases got, hour by hour: who reached which stage, as is known now.

Each step is that of a case as it stands, at the moment at which it reached a stage. A later stage
implies those before it, and none precedes the creation: `app.panels.cumulative` goes by the same.
"""

from etl.history.counts import KEY, OF_CASES
from etl.history.rollup import OF_DAY, Level, RollUp

STEPS = ("created", "relieved", "resolved", "closed")

MOMENTS = """
select at, {key}, created * side, relieved * side, resolved * side, closed * side, {sign}
from (
    select *, case when not is_open then closed_at end as ended
    from {versions} where valid_to = 'infinity' and not gone
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
"""

HOURS = Level("stage_steps", ("hour", *KEY), "hour", "hour", STEPS)
DAYS = Level("stage_steps_by_day", ("day", *KEY), "day", OF_DAY, STEPS)
ROLL_UP = RollUp(
    key=KEY, steps=STEPS, levels=(HOURS, DAYS), moments=(MOMENTS.replace("{key}", OF_CASES),)
)
