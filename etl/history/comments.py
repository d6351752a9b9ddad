"""Comments of cases and of their cards: current rows, from their facts."""

from sqlalchemy import Connection, text

# The last told value of each field, as one JSON object per comment.
LATEST = """
latest as (
    select key, jsonb_object_agg(field, value) as told,
        min(at) filter (where field = 'gone' and value = 'true') as gone_at
    from (
        select distinct on (c.key, c.field) c.key, c.field, c.value, c.at
        from changes c join {chosen} t on t.key = c.key
        where c.entity = '{entity}'
        order by c.key, c.field, c.at desc, c.seq desc, c.value collate "C" desc
    ) last group by key
)
"""

COMMENTS = f"""
insert into comments as known (
    case_number, created_date, author, comment_text, commented_at, source_id, is_public, gone_at
)
with chosen as (select key from touched where entity = 'comment'),
{LATEST.format(chosen="chosen", entity="comment")}
select
    k.case_number, k.created_date, told ->> 'author', told ->> 'text',
    (told ->> 'created')::timestamptz, split_part(l.key, '|', 2),
    (told ->> 'public')::boolean, l.gone_at
from latest l join cases k on k.case_number = split_part(l.key, '|', 1)
on conflict (case_number, source_id) do update set
    (author, comment_text, commented_at, is_public, gone_at)
  = (excluded.author, excluded.comment_text, excluded.commented_at, excluded.is_public,
     excluded.gone_at)
where (known.author, known.comment_text, known.commented_at, known.is_public, known.gone_at)
    is distinct from (excluded.author, excluded.comment_text, excluded.commented_at,
        excluded.is_public, excluded.gone_at)
"""

# Comments of a card follow it to the case that it tracks now, and wait until that case is known.
MOVED = """
create temp table moved_comments on commit drop as
select key from touched where entity = 'card_comment'
union
select card.key || '|' || comment.jira_comment_id
from jira_cards card
join jira_comments comment on comment.card_key = card.key
where card.key in (select key from touched where entity = 'card')
"""

WAITING = """
select exists (select from jira_cards card join new_cases n on n.key = card.case_number)
"""

# A search through all comments, so only when a case has come after its card.
ARRIVED = """
select told.key
from changes told
where told.entity = 'card_comment' and split_part(told.key, '|', 1) in (
    select card.key from jira_cards card join new_cases n on n.key = card.case_number
)
"""

ORPHANED = """
delete from jira_comments c using jira_cards card
where card.key = c.card_key and card.case_number is distinct from c.case_number
    and card.key in (select key from touched where entity = 'card')
    and not exists (select from cases k where k.case_number = card.case_number)
"""

CARD_COMMENTS = f"""
insert into jira_comments as known (
    jira_comment_id, case_number, created_date, author, body, last_update_date, card_key, gone_at
)
with {LATEST.format(chosen="moved_comments", entity="card_comment")}
select
    split_part(l.key, '|', 2), k.case_number, k.created_date, told ->> 'author', told ->> 'text',
    (told ->> 'created')::timestamptz, card.key, l.gone_at
from latest l
join jira_cards card on card.key = split_part(l.key, '|', 1)
join cases k on k.case_number = card.case_number
on conflict (jira_comment_id) do update set
    (case_number, created_date, author, body, last_update_date, card_key, gone_at)
  = (excluded.case_number, excluded.created_date, excluded.author, excluded.body,
     excluded.last_update_date, excluded.card_key, excluded.gone_at)
where known is distinct from excluded
"""


def rebuild(connection: Connection) -> None:
    """Derive the touched comments, and those of cards that were touched."""
    connection.execute(text(COMMENTS))
    waiting = connection.execute(text(WAITING)).scalar_one()
    connection.execute(text(MOVED if not waiting else f"{MOVED} union {ARRIVED}"))
    connection.execute(text("create index on moved_comments (key)"))
    connection.execute(text(ORPHANED))
    connection.execute(text(CARD_COMMENTS))
