"""What a search looks through: the words of cases, and the words there are."""

from sqlalchemy import Connection, text

# All that touches the texts of a case.
TOLD = """
create temp table told_cases on commit drop as
select key from touched_cases
union
select split_part(key, '|', 1) from touched where entity in ('comment', 'link')
union
select case_number from jira_cards
where case_number is not null and (
    key in (select key from touched where entity = 'card')
    or key in (select split_part(key, '|', 1) from touched where entity = 'card_comment'))
union
select l.case_number from case_bugs l
join touched t on t.entity = 'bug' and t.key = l.tracker || '|' || l.key
union
select number from former_cases
"""

# What a case no longer says must be forgotten: cards that moved away had tracked these.
FORMER = """
create temp table former_cases on commit drop as
select distinct unnest(v.cases) as number
from card_versions v join touched t on t.entity = 'card' and t.key = v.key
"""

WORDS = """
insert into case_words as known (case_number, words)
select k.case_number, case_words(k.case_number)
from cases k join told_cases t on t.key = k.case_number
on conflict (case_number) do update set words = excluded.words
where known.words is distinct from excluded.words
"""

# Words with digits are keys and numbers, which nobody mistypes into another one.
KNOWN = """
insert into known_words
select distinct w.lexeme
from case_words c join told_cases t on t.key = c.case_number cross join unnest(c.words) w
where w.lexeme ~ '^[a-z]{4,30}$'
on conflict do nothing
"""


def rebuild(connection: Connection) -> None:
    """Derive the words of the cases that something touched was told of."""
    for statement in (FORMER, TOLD, "analyze told_cases", WORDS, KNOWN):
        connection.execute(text(statement))
