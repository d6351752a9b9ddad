"""Bugs and the links of cases to them: versions and current rows, from their facts."""

from sqlalchemy import Connection, text

from etl.history.states import changed, observed

HELD = "f.field not in ('gone', 'restricted')"

CLEAR = """
delete from bug_versions v using touched t
where t.entity = 'bug' and t.key = v.tracker || '|' || v.key
"""

VERSIONS = f"""
insert into bug_versions (
    tracker, key, valid_from, valid_to, summary, status, severity, target, assignee, restricted,
    gone
)
with {observed("bug", HELD)}, {changed()}
select
    split_part(key, '|', 1), substr(key, strpos(key, '|') + 1),
    at, coalesce(lead(at) over (partition by key order by at), 'infinity'),
    state ->> 'summary', state ->> 'status', state ->> 'severity', state ->> 'target',
    state ->> 'assignee', coalesce((state ->> 'restricted')::boolean, false),
    coalesce((state ->> 'gone')::boolean, false)
from changed
"""

# A bug that a case links is a bug, also before its tracker told of it.
LINKED = """
insert into bugs (tracker, key)
select distinct split_part(key, '|', 2), split_part(key, '|', 3)
from touched where entity = 'link'
on conflict do nothing
"""

BUGS = """
insert into bugs as known (
    tracker, key, summary, status, severity, target, assignee, updated_at, restricted, gone_at
)
select
    v.tracker, v.key, v.summary, v.status, v.severity, v.target, v.assignee, told.updated,
    v.restricted, case when v.gone then v.valid_from end
from bug_versions v
join touched t on t.entity = 'bug' and t.key = v.tracker || '|' || v.key
cross join lateral (
    select max(c.value::timestamptz) as updated
    from changes c where c.entity = 'bug' and c.key = t.key and c.field = 'updated'
) told
where v.valid_to = 'infinity'
on conflict (tracker, key) do update set
    (summary, status, severity, target, assignee, updated_at, restricted, gone_at)
  = (excluded.summary, excluded.status, excluded.severity, excluded.target, excluded.assignee,
     excluded.updated_at, excluded.restricted, excluded.gone_at)
where known is distinct from excluded
"""

UNLINK = """
delete from case_bugs b using touched t
where t.entity = 'link' and b.case_number = split_part(t.key, '|', 1)
    and b.tracker = split_part(t.key, '|', 2) and b.key = split_part(t.key, '|', 3)
"""

# A link is there from when it was made until it is gone, and again when it comes back.
LINKS = """
insert into case_bugs (case_number, tracker, key, linked_at, unlinked_at)
with told as (
    select distinct on (c.key, c.at) c.key, c.at, c.field = 'gone' and c.value = 'true' as gone
    from changes c join touched t on t.entity = 'link' and t.key = c.key
    where c.entity = 'link' and c.field in ('linked', 'gone')
    order by c.key, c.at, c.seq desc, c.field desc, c.value collate "C" desc
),
turned as (
    select key, at, gone, lag(gone) over (partition by key order by at) as was_gone from told
)
select split_part(key, '|', 1), split_part(key, '|', 2), split_part(key, '|', 3), at, until
from (
    select key, at, gone, lead(at) over (partition by key order by at) as until
    from turned where was_gone is distinct from gone
) spans
where not gone
"""


def rebuild(connection: Connection) -> None:
    """Derive the touched bugs and links."""
    connection.execute(text(LINKED))
    connection.execute(text(CLEAR))
    connection.execute(text(VERSIONS), {"large": ["updated", "old_system"]})
    connection.execute(text(BUGS))
    connection.execute(text(UNLINK))
    connection.execute(text(LINKS))
