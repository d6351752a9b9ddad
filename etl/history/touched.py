"""Which cases new facts tell of, and since when their past may differ."""

from sqlalchemy import Connection, text

from etl.records import HELD_SINCE_CREATION

# The cases to derive, and since when: the version that begins then, or all. Earlier versions stay
# as they are, but for the end of the spell that goes on, which began at `spell_since`. Of a case
# that is closed then, the version may tell when the source says it was; it was at `closed_since`.
TOUCHED_CASES = """
create temp table touched_cases (
    key text primary key, since timestamptz not null, spell_since timestamptz not null,
    closed_since timestamptz
) on commit drop
"""
ALL = """
insert into touched_cases select key, '-infinity', '-infinity' from touched where entity = 'case'
"""
# New facts change nothing before they hold, unless they tell when the case was created, or are the
# first that is known of a field which counts since then.
TOLD = """
insert into touched_cases
with reborn as (
    select key from fresh_facts where entity = 'case' and field = 'created'
),
rooted as (
    select key from fresh_facts f
    where entity = 'case' and field = any(:held) and key not in (select key from reborn)
        and not exists (
            select from changes c
            where c.entity = 'case' and c.key = f.key and c.field = f.field and c.at < f.at
        )
)
select key, '-infinity'::timestamptz, '-infinity'::timestamptz, null::timestamptz
from (select key from reborn union select key from rooted) entire
union all
select t.key, coalesce(kept.since, '-infinity'), coalesce(kept.spell_since, '-infinity'),
    kept.closed_since
from touched t
cross join lateral (
    select max(valid_from) as since,
        max(valid_from) filter (where spell_to is not null) as spell_since,
        coalesce(max(valid_to) filter (where waiting_on <> 'none'), min(valid_from))
            as closed_since
    from case_versions v where v.case_number = t.key and v.valid_from < t.since
) kept
where t.entity = 'case'
    and t.key not in (select key from reborn) and t.key not in (select key from rooted)
"""


def touch(connection: Connection, chosen: str) -> None:
    """Make the temp table `touched_cases` of those in `touched`: as `TOLD` of them, or `ALL`."""
    connection.execute(text(TOUCHED_CASES))
    connection.execute(text(chosen), {"held": list(HELD_SINCE_CREATION)})
