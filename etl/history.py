"""History: what follows from the facts in `changes`.

A case's versions and its current row are a function of the set of its facts alone. Facts of one
field are ordered by (time, sequence, value), never by when they arrived, so late arrivals, repeats
and several writers end in the same rows, and everything can be rebuilt with an identical result.
"""

import orjson
from sqlalchemy import Connection, text

from app.database import transaction
from app.settings import get_settings
from etl.records import HELD_SINCE_CREATION

# Derived rows of a case must see all its facts, so one writer at a time derives.
LOCK = "select pg_advisory_xact_lock(hashtext('caseboard case history'))"

TOUCHED = "create temp table touched_cases (key text primary key) on commit drop"

CLEAR = "delete from case_versions using touched_cases where case_number = key"

# Texts too large to repeat in every version; only their last value is kept, in `cases`.
LARGE = ("description", "notified_users")

VERSIONS = """
insert into case_versions (
    case_number, valid_from, valid_to, created_date, updated_at, event, is_open, gone,
    status, status_since, waiting_on, severity, owner, engineer, account, summary,
    product, product_version, group_name, crit_sit, escalated, escalation_link,
    card, card_status, contributors, labels, tags, relief_at, resolved_at, closed_at
)
with facts as (
    select c.key, c.field, c.value, c.at, c.seq
    from changes c join touched_cases t on t.key = c.key
    where c.entity = 'case' and c.field <> all(:large)
),
born as (
    select distinct on (key) key, value::timestamptz as created
    from facts where field = 'created'
    order by key, at desc, seq desc, value collate "C" desc
),
-- From when on a fact counts: never before the creation; the first known value of some fields
-- since the creation.
placed as (
    select f.key, f.field, f.value, f.at as told_at, f.seq,
        case
            when f.field = any(:held) and row_number() over (
                partition by f.key, f.field order by f.at, f.seq, f.value collate "C") = 1
            then b.created
            else greatest(f.at, b.created)
        end as at
    from facts f join born b on b.key = f.key
    where f.field <> 'created'
    union all
    select key, 'created', created::text, created, 0, created from born
),
observed as (
    select key, at,
        jsonb_object_agg(field, value order by told_at, seq, value collate "C") as seen
    from placed group by key, at
),
-- Each state is all observations so far, later ones laid over earlier ones.
states as (
    select key, at,
        jsonb_strip_nulls(jsonb_merge(seen) over (partition by key order by at)) as state
    from observed
),
changed as (
    select * from (
        select key, at, state, lag(state) over (partition by key order by at) as before
        from states
    ) s where state is distinct from before
),
judged as (
    select key, at, state, before,
        coalesce((state ->> 'gone')::boolean, false) as gone,
        coalesce((before ->> 'gone')::boolean, false) as was_gone,
        coalesce(lower(state ->> 'status') = any(:closed), false) as closed,
        coalesce(lower(before ->> 'status') = any(:closed), false) as was_closed
    from changed
)
select
    key,
    at,
    coalesce(lead(at) over history, 'infinity'),
    (state ->> 'created')::timestamptz,
    coalesce((state ->> 'updated')::timestamptz, (state ->> 'created')::timestamptz),
    case
        when before is null then 'created'
        when gone and not was_gone then 'gone'
        when was_gone and not gone then 'returned'
        when closed and not was_closed then 'closed'
        when was_closed and not closed then 'reopened'
    end,
    not closed and not gone,
    gone,
    state ->> 'status',
    max(at) filter (
        where before is null or state ->> 'status' is distinct from before ->> 'status'
    ) over history,
    case when closed then 'none'
        else coalesce(cast(:waiting as jsonb) ->> lower(state ->> 'status'), 'unknown') end,
    (state ->> 'severity')::smallint,
    state ->> 'owner',
    coalesce(state ->> 'assignee', state ->> 'owner'),
    state ->> 'account',
    state ->> 'summary',
    state ->> 'product',
    state ->> 'product_version',
    state ->> 'group',
    coalesce((state ->> 'crit_sit')::boolean, false),
    coalesce(state ->> 'escalated', 'no'),
    state ->> 'escalation_link',
    state ->> 'card',
    state ->> 'card_status',
    array(select jsonb_array_elements_text(coalesce(state ->> 'contributors', '[]')::jsonb)),
    array(select jsonb_array_elements_text(coalesce(state ->> 'labels', '[]')::jsonb)),
    array(select jsonb_array_elements_text(coalesce(state ->> 'tags', '[]')::jsonb)),
    (state ->> 'relief')::timestamptz,
    (state ->> 'resolved')::timestamptz,
    max(at) filter (where closed and not was_closed) over history
from judged
window history as (partition by key order by at)
"""

CASES = """
insert into cases as known (
    case_number, created_date, owner, severity, account, summary, status, last_update,
    description, product, product_version, fe_jira_card, closed_date, tags, group_name,
    crit_sit, escalated, escalation_link, relief_at, resolved_at, notified_users, gone_at
)
with large as (
    select distinct on (c.key, c.field) c.key, c.field, c.value
    from changes c join touched_cases t on t.key = c.key
    where c.entity = 'case' and c.field = any(:large)
    order by c.key, c.field, c.at desc, c.seq desc, c.value collate "C" desc
)
select
    v.case_number, v.created_date, v.owner, v.severity, v.account, v.summary, v.status,
    v.updated_at, d.value, v.product, v.product_version, v.card,
    case when not v.is_open then v.closed_at end, v.tags, v.group_name,
    v.crit_sit, v.escalated, v.escalation_link, v.relief_at, v.resolved_at,
    array(select jsonb_array_elements_text(coalesce(n.value, '[]')::jsonb)),
    case when v.gone then (
        select max(g.valid_from) from case_versions g
        where g.case_number = v.case_number and g.event = 'gone'
    ) end
from case_versions v
join touched_cases t on t.key = v.case_number
left join large d on d.key = v.case_number and d.field = 'description'
left join large n on n.key = v.case_number and n.field = 'notified_users'
where v.valid_to = 'infinity'
on conflict (case_number) do update set
    (created_date, owner, severity, account, summary, status, last_update, description, product,
     product_version, fe_jira_card, closed_date, tags, group_name, crit_sit, escalated,
     escalation_link, relief_at, resolved_at, notified_users, gone_at)
  = (excluded.created_date, excluded.owner, excluded.severity, excluded.account, excluded.summary,
     excluded.status, excluded.last_update, excluded.description, excluded.product,
     excluded.product_version, excluded.fe_jira_card, excluded.closed_date, excluded.tags,
     excluded.group_name, excluded.crit_sit, excluded.escalated, excluded.escalation_link,
     excluded.relief_at, excluded.resolved_at, excluded.notified_users, excluded.gone_at)
where known is distinct from excluded
"""


def lock(connection: Connection) -> None:
    """Wait until this transaction is the only one that derives history."""
    connection.execute(text(LOCK))


def rebuild(connection: Connection) -> None:
    """Derive versions and current rows of the cases in the temp table `touched_cases`."""
    settings = get_settings()
    waiting = {
        status.lower(): party for status, party in settings.status_map.items() if party != "closed"
    }
    parameters = {
        "held": list(HELD_SINCE_CREATION),
        "large": list(LARGE),
        "closed": list(settings.closed_statuses),
        "waiting": orjson.dumps(waiting).decode(),
    }
    connection.execute(text(CLEAR))
    connection.execute(text(VERSIONS), parameters)
    connection.execute(text(CASES), parameters)


def rebuild_all() -> int:
    """Derive everything anew from the facts; the result is identical. Tells how many cases."""
    with transaction() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        lock(connection)
        connection.execute(text(TOUCHED))
        touched = connection.execute(
            text("insert into touched_cases select distinct key from changes where entity = 'case'")
        )
        rebuild(connection)
        connection.execute(text("analyze case_versions"))
        connection.execute(
            text("update data_version set version = version + 1, changed_at = clock_timestamp()")
        )
        return touched.rowcount
