"""Cases: versions and current rows, from their own facts and from the cards that track them."""

from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.settings import get_settings
from etl.history.spells import with_spells
from etl.history.states import changed, observed, texts
from etl.records import HELD_SINCE_CREATION

# Texts too large to repeat in every version, and what does not belong to a version at all; only
# their last value is kept, in `cases`.
LARGE = ("description", "notified_users", "source", "old_system", "old_details")

NEW = """
create temp table new_cases on commit drop as
select key from touched_cases except select case_number from cases
"""

# While which card told of which case. Of several cards that track a case the newest counts, by its
# number.
CARD_SPANS = """
create temp table card_spans on commit drop as
select t.key, t.since, v.kind, v.key as card, v.valid_from, v.valid_to,
    v.status, v.assignee, v.contributors, v.labels
from touched_cases t
join card_versions v on v.cases @> array[t.key]
where not v.gone and not (v.kind = 'escalation' and lower(v.status) = any(:done))
"""

HELD = "f.field = any(:held)"
CHOSEN = "touched_cases t on t.key = c.key"
# Cards may tell these too: of what both told, the later counts.
SINCE = """case when c.field in (
    'card', 'card_status', 'assignee', 'contributors', 'labels', 'escalation'
) then '-infinity' else t.since end"""
BORN = "count(*) filter (where field = 'created') > 0"

COLUMNS = """
    case_number, valid_from, valid_to, created_date, updated_at, event, ended_by, is_open,
    gone, status, status_since, waiting_on, severity, owner, engineer, account, summary,
    product, product_version, group_name, crit_sit, escalated, escalation_link,
    card, card_status, contributors, labels, tags, relief_at, resolved_at, closed_at
"""
EXCLUDED = ", ".join(f"excluded.{name.strip()}" for name in COLUMNS.split(","))

VERSIONS = f"""
create temp table told_versions on commit drop as
with {observed("case", HELD, born=BORN, chosen=CHOSEN, since=SINCE)},
edges as (
    select * from (
        select key, kind, at, since, lead(at) over (partition by key, kind order by at) as next_at
        from (
            select key, kind, valid_from as at, since from card_spans
            union
            select key, kind, valid_to, since from card_spans where valid_to < 'infinity'
        ) told
    ) told
    where next_at is null or next_at > since
),
carded as (
    select e.key, e.kind, e.at,
        case when e.kind = 'escalation' then jsonb_build_object('escalation', s.card)
        else jsonb_build_object(
            'card', s.card,
            'card_status', coalesce(
                cast(:card_statuses as jsonb) ->> lower(s.status), s.status),
            'assignee', s.assignee,
            'contributors', to_jsonb(s.contributors)::text,
            'labels', to_jsonb(s.labels)::text)
        end as seen
    from edges e
    left join lateral (
        select * from card_spans s
        where s.key = e.key and s.kind = e.kind and s.valid_from <= e.at and s.valid_to > e.at
        order by length(s.card) desc, s.card desc
        limit 1
    ) s on true
),
-- What cards tell is laid over what the case tells of itself; all that was told until `since` is
-- what it begins with.
together as (
    select key, greatest(at, since) as at,
        jsonb_merge(seen order by at, place, told_at, kind) as seen
    from (
        select key, at, seen, 1 as place, at as told_at, '' as kind from observed
        union all
        select c.key, greatest(c.at, b.created), c.seen, 2, c.at, c.kind
        from carded c join born b on b.key = c.key
    ) told
    join touched_cases using (key)
    group by key, greatest(at, since)
),
{changed("together")},
judged as (
    select c.key, at, state, before,
        coalesce((state ->> 'gone')::boolean, false) as gone,
        coalesce((before ->> 'gone')::boolean, false) as was_gone,
        coalesce(lower(state ->> 'status') = any(:closed), false) as closed,
        coalesce(lower(before ->> 'status') = any(:closed), false) as was_closed,
        v.valid_from is not null as kept, v.event as kept_event,
        v.status_since as kept_status_since, v.spell_to is not null as kept_begins,
        case when v.waiting_on = 'none' then t.closed_since else v.closed_at end as kept_closed_at
    from changed c
    join touched_cases t using (key)
    left join case_versions v
        on before is null and v.case_number = t.key and v.valid_from = t.since
),
versions ({COLUMNS}, kept, kept_begins) as (
select
    key,
    at,
    coalesce(lead(at) over history, 'infinity'),
    (state ->> 'created')::timestamptz,
    -- Never later than the version itself: pages find the newest versions of an instant by it.
    least(at, coalesce((state ->> 'updated')::timestamptz, (state ->> 'created')::timestamptz)),
    case
        when kept then kept_event
        when before is null then 'created'
        when gone and not was_gone then 'gone'
        when was_gone and not gone then 'returned'
        when closed and not was_closed then 'closed'
        when was_closed and not closed then 'reopened'
    end,
    -- The event that ended it, which is the next version's.
    case
        when lead(gone) over history and not gone then 'gone'
        when gone and not lead(gone) over history then 'returned'
        when lead(closed) over history and not closed then 'closed'
        when closed and not lead(closed) over history then 'reopened'
    end,
    not closed and not gone,
    gone,
    named(state ->> 'status'),
    max(coalesce(kept_status_since, at)) filter (
        where before is null or state ->> 'status' is distinct from before ->> 'status'
    ) over history,
    case when closed then 'none'
        else coalesce(cast(:waiting as jsonb) ->> lower(state ->> 'status'), 'unknown') end,
    (state ->> 'severity')::smallint,
    named(state ->> 'owner'),
    named(coalesce(state ->> 'assignee', state ->> 'owner')),
    named(state ->> 'account'),
    state ->> 'summary',
    named(state ->> 'product'),
    state ->> 'product_version',
    named(state ->> 'group'),
    coalesce((state ->> 'crit_sit')::boolean, false),
    case
        when state ? 'escalation' then 'yes'
        when state ->> 'escalated' = 'yes' then 'yes'
        when coalesce(state ->> 'labels', '[]')::jsonb ? :potential then 'potential'
        else coalesce(state ->> 'escalated', 'no')
    end,
    coalesce(cast(:browse as text) || (state ->> 'escalation'), state ->> 'escalation_link'),
    named(state ->> 'card'),
    named(state ->> 'card_status'),
    {texts("contributors")},
    {texts("labels")},
    {texts("tags")},
    (state ->> 'relief')::timestamptz,
    (state ->> 'resolved')::timestamptz,
    -- A case may have been closed, reopened and closed again between two looks at it.
    greatest(
        max(case when kept then kept_closed_at when closed and not was_closed then at end)
            over history,
        case when closed and state ? 'closed'
            then least(at, (state ->> 'closed')::timestamptz) end),
    kept,
    kept_begins
from judged
window history as (partition by key order by at)
)
{with_spells("versions", COLUMNS)}
"""

# The beginning of a spell that goes on.
SPELLS = f"""
insert into told_versions ({COLUMNS}, spell_to)
select {", ".join(f"v.{name.strip()}" for name in COLUMNS.split(","))},
    coalesce(
        (select min(n.valid_from) from told_versions n
            where n.case_number = v.case_number and n.spell_to is not null),
        'infinity')
from touched_cases t
join case_versions v on v.case_number = t.key and v.valid_from = t.spell_since
where t.spell_since < t.since
"""
# Versions that are no more, and those that are new or differ: others are not written again.
CLEAR = """
delete from case_versions v using touched_cases t
where v.case_number = t.key and v.valid_from >= t.since and not exists (
    select from told_versions n where n.case_number = v.case_number and n.valid_from = v.valid_from
)
"""
KEEP = f"""
insert into case_versions as known ({COLUMNS}, spell_to)
select {COLUMNS}, spell_to from told_versions
on conflict (case_number, valid_from) do update set
    ({COLUMNS}, spell_to) = ({EXCLUDED}, excluded.spell_to)
where known is distinct from excluded
"""

CASES = """
insert into cases as known (
    case_number, created_date, owner, severity, account, summary, status, last_update,
    description, product, product_version, fe_jira_card, closed_date, tags, group_name,
    crit_sit, escalated, escalation_link, relief_at, resolved_at, notified_users, gone_at, source
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
    ) end,
    s.value
from told_versions v
left join large d on d.key = v.case_number and d.field = 'description'
left join large n on n.key = v.case_number and n.field = 'notified_users'
left join large s on s.key = v.case_number and s.field = 'source'
where v.valid_to = 'infinity'
on conflict (case_number) do update set
    (created_date, owner, severity, account, summary, status, last_update, description, product,
     product_version, fe_jira_card, closed_date, tags, group_name, crit_sit, escalated,
     escalation_link, relief_at, resolved_at, notified_users, gone_at, source)
  = (excluded.created_date, excluded.owner, excluded.severity, excluded.account, excluded.summary,
     excluded.status, excluded.last_update, excluded.description, excluded.product,
     excluded.product_version, excluded.fe_jira_card, excluded.closed_date, excluded.tags,
     excluded.group_name, excluded.crit_sit, excluded.escalated, excluded.escalation_link,
     excluded.relief_at, excluded.resolved_at, excluded.notified_users, excluded.gone_at,
     excluded.source)
where known is distinct from excluded
"""


def rebuild(connection: Connection) -> None:
    """Derive versions and current rows of the cases in the temp table `touched_cases`."""
    told = parameters()
    connection.execute(text(NEW))
    connection.execute(text(CARD_SPANS), told)
    connection.execute(text("create index on card_spans (key, kind)"))
    connection.execute(text("analyze card_spans"))
    connection.execute(text(VERSIONS), told)
    connection.execute(text("create index on told_versions (case_number, valid_from)"))
    connection.execute(text("analyze told_versions (case_number, valid_from, valid_to)"))
    connection.execute(text(SPELLS))
    connection.execute(text(CLEAR))
    connection.execute(text(KEEP))
    connection.execute(text(CASES), told)


def parameters() -> dict[str, Any]:
    """The settings that history follows, as the statements take them (maps as JSON texts)."""
    settings = get_settings()
    waiting = {
        status.lower(): party for status, party in settings.status_map.items() if party != "closed"
    }
    cards = {status.lower(): name for status, name in settings.jira_status_map.items()}
    return {
        "held": list(HELD_SINCE_CREATION),
        "large": list(LARGE),
        "closed": list(settings.closed_statuses),
        "waiting": orjson.dumps(waiting).decode(),
        "card_statuses": orjson.dumps(cards).decode(),
        "done": [status for status, name in cards.items() if name == "Done"],
        "potential": settings.potential_label,
        "browse": f"{settings.jira_url}/browse/" if settings.jira_url else "",
    }
