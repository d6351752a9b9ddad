"""What a search looks through: the words of cases, and the words there are."""

from sqlalchemy import Connection, text

# All that touches the texts of a case; most facts of cases do not.
TOLD = """
create temp table told_cases on commit drop as
select key from {facts}
where entity = 'case' and field in ('summary', 'description', 'card')
union
select key from touched_cases where since = '-infinity'
union
select split_part(key, '|', 1) from touched where entity in ('comment', 'link')
union
select case_number from jira_cards
where case_number is not null and (
    key in (select key from touched where entity = 'card')
    or key in (select split_part(key, '|', 1) from touched where entity = 'card_comment'))
union
select l.case_number from case_bugs l
join {facts} t on t.entity = 'bug' and t.field = 'summary'
    and t.key = l.tracker || '|' || l.key
"""

# When a case was open for the last time, or was told to be closed or created, if that was later:
# numbers over days need not look for words in cases that rested before.
RESTS_FROM = """
(select coalesce(
    greatest(max(valid_to) filter (where is_open), max(closed_at), max(created_date)), 'infinity')
from case_versions v where v.case_number = k.case_number)
"""
RESTS = """
update case_words known set rests_from = told.rests_from
from (
    select k.case_number, {rests_from} as rests_from
    from (select key as case_number from touched_cases) k
) told
where known.case_number = told.case_number and known.rests_from <> told.rests_from
"""

# Words with digits are keys and numbers, which nobody mistypes into another one.
WORDS = """
with changed as (
    insert into case_words as known (case_number, words, rests_from, said_from)
    select k.case_number, case_words(k.case_number), {rests_from}, said_from(k.case_number)
    from cases k join told_cases t on t.key = k.case_number
    on conflict (case_number) do update
    set words = excluded.words, rests_from = excluded.rests_from, said_from = excluded.said_from
    where (known.words, known.said_from) is distinct from (excluded.words, excluded.said_from)
    returning words
)
insert into known_words
select distinct w.lexeme from changed cross join unnest(words) w
where w.lexeme ~ '^[a-z]{{4,30}}$' and not exists (select from known_words where word = w.lexeme)
on conflict do nothing
"""


def rebuild(connection: Connection, facts: str) -> None:
    """Derive the words of the cases that something was told of by the table `facts`."""
    for statement in (TOLD, "analyze told_cases", WORDS, RESTS):
        connection.execute(text(statement.format(facts=facts, rests_from=RESTS_FROM)))
