"""The work list of restatements: values of a day's snapshot that are computed differently now.

They are of the whole board, whatever the filters. The sync `snapshot` compares (`etl.restated`).
"""

from sqlalchemy import DateTime, Text, text

from app.quality.worklist import Found, Population, WorkList

# What was stored of a value, and what it is now: a number as it is; of a breakdown the groups that
# differ; of durations the severities that differ, by their number and median.
RESTATED = text("""
select r.day::text || ' ' || r.metric as subject, r.found_at as since,
    'On ' || r.day || ' ' || r.metric || ' was ' || case
        when jsonb_typeof(old.told) = 'object' then (
            select string_agg(concat(coalesce(nullif(name, ''), 'not set'), ' ',
                coalesce(old.told ->> name, '0'), ', is ', coalesce(new.told ->> name, '0')),
                '; ' order by name)
            from (
                select jsonb_object_keys(old.told) union select jsonb_object_keys(new.told)
            ) as known(name)
            where old.told -> name is distinct from new.told -> name)
        when jsonb_typeof(old.told) = 'array' then (
            select string_agg(concat('severity ', coalesce(a.severity, b.severity, 0)::int, ' ',
                coalesce(a.n, 0)::int, ' cases, median ', coalesce(round(a.p50, 2)::text, 'none'),
                ', is ', coalesce(b.n, 0)::int, ', ', coalesce(round(b.p50, 2)::text, 'none')), '; '
                order by coalesce(a.severity, b.severity))
            from jsonb_to_recordset(old.told)
                as a(severity numeric, n numeric, p50 numeric, p95 numeric)
            full join jsonb_to_recordset(new.told)
                as b(severity numeric, n numeric, p50 numeric, p95 numeric)
                on coalesce(a.severity, 0) = coalesce(b.severity, 0)
            where (a.n, a.p50, a.p95) is distinct from (b.n, b.p50, b.p95))
        else coalesce(old.told #>> '{}', 'none') || ', is ' || coalesce(new.told #>> '{}', 'none')
    end || '; learned since: ' || c.facts || case c.facts when 1 then ' fact' else ' facts' end
        as told
from restatements r
join metric_snapshots s on s.day = r.day and s.metric = r.metric
join snapshot_checks c on c.day = r.day
cross join lateral (select s.value -> 'value' as told) old
cross join lateral (select r.value -> 'value' as told) new
""")


def _restated(people: Population) -> Found:
    asked = RESTATED.columns(subject=Text(), since=DateTime(timezone=True), told=Text())
    column = asked.subquery("restated").c
    told = {name: column[name] for name in ("subject", "since", "told")}
    return Found(column.subject.table, [column.since <= people.instant], told)


LISTS = (
    WorkList(
        "restated",
        "Restated day",
        "A number that somebody may have reported is computed differently now, as more is known.",
        _restated,
    ),
)
