"""Cards: their versions and current rows, from their facts."""

from sqlalchemy import Connection, text

from etl.history.states import changed, observed, texts

CLEAR = """
delete from card_versions using touched t where t.entity = 'card' and t.key = card_versions.key
"""

CASES_OF_CARDS = """
insert into touched_cases
select distinct unnest(v.cases), '-infinity'::timestamptz, '-infinity'::timestamptz
from card_versions v join touched t on t.entity = 'card' and t.key = v.key
on conflict (key) do update set (since, spell_since) = (excluded.since, excluded.spell_since)
"""

HELD = "f.field <> 'gone'"

VERSIONS = f"""
insert into card_versions (
    key, valid_from, valid_to, kind, cases, summary, status, priority, assignee, contributors,
    labels, sprint, gone
)
with {observed("card", HELD)}, {changed()}
select
    key, at, coalesce(lead(at) over (partition by key order by at), 'infinity'),
    coalesce(state ->> 'kind', 'tracking'), {texts("cases")},
    state ->> 'summary', state ->> 'status', state ->> 'priority', state ->> 'assignee',
    {texts("contributors")}, {texts("labels")}, state ->> 'sprint',
    coalesce((state ->> 'gone')::boolean, false)
from changed
"""

CARDS = """
insert into jira_cards as known (
    key, kind, case_number, cases, summary, status, priority, assignee, contributors, labels,
    sprint, created_at, updated_at, gone_at
)
select
    v.key, v.kind, v.cases[1], v.cases, v.summary, v.status, v.priority, v.assignee,
    v.contributors, v.labels, v.sprint, told.created, told.updated,
    case when v.gone then v.valid_from end
from card_versions v
join touched t on t.entity = 'card' and t.key = v.key
cross join lateral (
    select
        max(c.value::timestamptz) filter (where c.field = 'created') as created,
        max(c.value::timestamptz) filter (where c.field = 'updated') as updated
    from changes c where c.entity = 'card' and c.key = v.key and c.field in ('created', 'updated')
) told
where v.valid_to = 'infinity'
on conflict (key) do update set
    (kind, case_number, cases, summary, status, priority, assignee, contributors, labels, sprint,
     created_at, updated_at, gone_at)
  = (excluded.kind, excluded.case_number, excluded.cases, excluded.summary, excluded.status,
     excluded.priority, excluded.assignee, excluded.contributors, excluded.labels, excluded.sprint,
     excluded.created_at, excluded.updated_at, excluded.gone_at)
where known is distinct from excluded
"""


def rebuild(connection: Connection) -> None:
    """Derive the touched cards, and touch the cases that they track or tracked: all their time."""
    connection.execute(text(CASES_OF_CARDS))
    connection.execute(text(CLEAR))
    connection.execute(text(VERSIONS), {"large": ["updated", "old_system"]})
    connection.execute(text(CASES_OF_CARDS))
    connection.execute(text(CARDS))
