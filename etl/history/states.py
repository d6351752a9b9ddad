"""From facts to states: what was known of a thing at each instant at which something changed."""

# Facts of one entity as observations: `(key, at, seen)`, one row per key and instant. The first
# known value of a held field counts since the beginning; nothing counts before it, and all that was
# told before `since` counts as told then.
OBSERVED = """
facts as (
    select * from (
        select c.key, c.field, c.value, c.at, c.seq, {since} as since,
            row_number() over told = 1 as is_first, lead(c.at) over told as next_at
        from changes c join {chosen}
        where c.entity = '{entity}' and c.field <> all(:large)
        window told as (partition by c.key, c.field order by c.at, c.seq, c.value collate "C")
    ) told
    where next_at is null or next_at > since
),
born as (
    select key,
        coalesce(
            (array_agg(value order by at desc, seq desc, value collate "C" desc)
                filter (where field = 'created'))[1]::timestamptz,
            min(at)) as created
    from facts group by key having {born}
),
placed as (
    select f.key, f.field, f.value, f.at as told_at, f.seq,
        case
            when f.is_first and {held} then greatest(b.created, f.since)
            else greatest(f.at, b.created, f.since)
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
)
"""

# Each state is all observations so far, later ones laid over earlier ones. A state that equals the
# one before is none.
CHANGED = """
states as (
    select key, at,
        jsonb_strip_nulls(jsonb_merge(seen) over (partition by key order by at)) as state
    from {observed}
),
changed as (
    select * from (
        select key, at, state, lag(state) over (partition by key order by at) as before
        from states
    ) s where state is distinct from before
)
"""


TOUCHED = "touched t on t.entity = c.entity and t.key = c.key"


EVER = "'-infinity'::timestamptz"


def observed(
    entity: str, held: str, *, born: str = "true", chosen: str = TOUCHED, since: str = EVER
) -> str:
    """The CTEs from facts to `observed`, the fields `:large` left out.

    `held` is the SQL that tells which fields are held, `born` of which things enough is known,
    `chosen` which things are meant, `since` since when they are asked for.
    """
    return OBSERVED.format(entity=entity, held=held, born=born, chosen=chosen, since=since)


def changed(source: str = "observed") -> str:
    """The CTEs from observations to `changed`: key, at, state, before (JSON objects)."""
    return CHANGED.format(observed=source)


def texts(field: str) -> str:
    """A list of a state as `text[]`, empty when it is not known."""
    return f"array(select jsonb_array_elements_text(coalesce(state ->> '{field}', '[]')::jsonb))"
