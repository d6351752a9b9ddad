"""While which cases had a bug, and one without a target: derived from links and bug versions."""

from sqlalchemy import Connection, text

# Cases of the touched links and bugs.
SPANNED = """
create temp table spanned_cases on commit drop as
select split_part(key, '|', 1) as key from touched where entity = 'link'
union
select l.case_number from case_bugs l
join touched t on t.entity = 'bug' and t.key = l.tracker || '|' || l.key
"""
ALL = "create temp table spanned_cases on commit drop as select case_number as key from cases"

CLEAR = "delete from bug_spans using spanned_cases where case_number = key"

# Ranges of time are added and taken from each other as sets; a bug that nothing is known of has no
# target.
SPANS = """
insert into bug_spans (case_number, valid_from, valid_to, untargeted)
with links as (
    select l.case_number, l.tracker, l.key,
        tstzrange(l.linked_at, coalesce(l.unlinked_at, 'infinity')) as held
    from case_bugs l join spanned_cases s on s.key = l.case_number
),
aimed as (
    select l.case_number, l.tracker, l.key,
        range_agg(l.held * tstzrange(v.valid_from, v.valid_to)) as held
    from links l join bug_versions v on v.tracker = l.tracker and v.key = l.key
    where v.target not in ('', '---') and l.held && tstzrange(v.valid_from, v.valid_to)
    group by l.case_number, l.tracker, l.key
),
links_of_bugs as (
    select case_number, tracker, key, range_agg(held) as held
    from links group by case_number, tracker, key
),
judged as (
    select case_number, range_agg(l.held) as held,
        range_agg(l.held - coalesce(a.held, '{}')) as bare
    from links_of_bugs l left join aimed a using (case_number, tracker, key)
    group by case_number
)
select case_number, lower(span), upper(span), true from judged, unnest(bare) span
union all
select case_number, lower(span), upper(span), false from judged, unnest(held - bare) span
"""


def rebuild(connection: Connection) -> None:
    """Derive the spans of the cases that a touched link or bug belongs to."""
    _derive(connection, SPANNED)


def fill(connection: Connection) -> None:
    """Derive the spans of all cases."""
    _derive(connection, ALL)


def _derive(connection: Connection, chosen: str) -> None:
    for statement in (chosen, "analyze spanned_cases", CLEAR, SPANS):
        connection.execute(text(statement))
