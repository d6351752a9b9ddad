"""The check of snapshots: what the catalogue said of a day, beside what it says of that day now.

A day is computed anew when facts about the time up to it were learned since it was last compared;
the latest days always are, as settings may have changed.
"""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.database import snapshot, transaction
from app.metric_values import same
from app.metrics import board_values
from etl.run import Run
from etl.runs import own

ALWAYS_DAYS = 7
# What is left is compared by the next run.
LONGEST_SECONDS = 1_200.0

# How many facts about the time up to a day's end were learned after its snapshot was taken. Nearly
# all facts are learned on the day that they are of, and matter to none.
DUE = """
with days as (
    select day, min(taken_at) as taken_at, row_number() over (order by min(taken_at)) as place
    from metric_snapshots group by day
),
late as (
    select ((at - interval '1 microsecond') at time zone 'UTC')::date as day,
        width_bucket(learned_at, (select array_agg(taken_at order by place) from days)) as heard,
        count(*) as facts
    from changes
    where learned_at >= (select min(taken_at) from days)
        and (at - interval '1 microsecond') < date_trunc('day', learned_at, 'UTC')
    group by 1, 2
),
learned as (
    select d.day,
        coalesce(sum(l.facts) filter (where l.day <= d.day and l.heard >= d.place), 0) as facts
    from days d left join late l on true group by d.day
)
select l.day, l.facts::bigint as facts
from learned l left join snapshot_checks c using (day)
where c.facts is distinct from l.facts or l.day > :recent
order by l.day desc
"""
STORED = "select metric, value from metric_snapshots where day = :day"
SAME = "delete from restatements where day = :day and metric <> all(:metrics)"
DIFFERENT = """
insert into restatements as known (day, metric, value) values (:day, :metric, cast(:value as jsonb))
on conflict (day, metric) do update set value = excluded.value
where known.value is distinct from excluded.value
"""
CHECKED = """
insert into snapshot_checks (day, facts) values (:day, :facts)
on conflict (day) do update set facts = excluded.facts, checked_at = clock_timestamp()
"""


def check(run: Run) -> None:
    """Compare every day that may have changed, the newest first; what is done stays done."""
    recent = datetime.now(UTC).date() - timedelta(days=ALWAYS_DAYS + 1)
    with transaction() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        due = connection.execute(text(DUE), {"recent": recent}).all()
    until = time.monotonic() + LONGEST_SECONDS
    for done, (day, facts) in enumerate(due):
        if run.stopped.is_set() or time.monotonic() > until:
            return
        run.tell("snapshots compared", done, len(due))
        _compare(run, day, facts)


def _compare(run: Run, day: date, facts: int) -> None:
    now = board_values(datetime.combine(day + timedelta(days=1), clock(), UTC))
    with snapshot() as connection:
        found = connection.execute(text(STORED), {"day": day})
        stored: dict[str, Any] = {row.metric: row.value for row in found}
    computed = {name: orjson.loads(orjson.dumps(value)) for name, value in now.items()}
    different = {
        name: computed[name]
        for name, value in stored.items()
        if name in computed and not same(value, computed[name])
    }
    with transaction() as connection:
        own(connection, run.id)
        _write(connection, day, facts, different)


def _write(connection: Connection, day: date, facts: int, different: dict[str, Any]) -> None:
    connection.execute(text(SAME), {"day": day, "metrics": list(different)})
    for name, value in different.items():
        told = {"day": day, "metric": name, "value": orjson.dumps(value).decode()}
        connection.execute(text(DIFFERENT), told)
    connection.execute(text(CHECKED), {"day": day, "facts": facts})
