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
select card.key || '|' || split_part(comment.jira_comment_id, '|', -1)
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

# Two cards may have a comment of one id each: a card that was moved to another project, or cards of
# two JIRAs. An index of its own finds them.
NAMESAKES = """
insert into moved_comments
select c.key
from (select distinct split_part(key, '|', 2) as id from moved_comments) m
join changes c on split_part(c.key, '|', 2) = m.id
    and c.entity = 'card_comment' and c.field = 'created'
except
select key from moved_comments
"""

# The first of namesakes has the id to itself, the others are told apart by their card; where its
# card tracks no case that is known, a comment has none yet.
TOLD = f"""
create temp table told_comments on commit drop as
with {LATEST.format(chosen="moved_comments", entity="card_comment")}
select
    l.key,
    case
        when k.case_number is null then null
        when row_number() over (
            partition by split_part(l.key, '|', 2)
            order by k.case_number is null, (told ->> 'created')::timestamptz, l.key collate "C"
        ) = 1 then split_part(l.key, '|', 2)
        else l.key
    end as id,
    k.case_number, k.created_date, told ->> 'author' as author, told ->> 'text' as body,
    (told ->> 'created')::timestamptz as created, card.key as card_key, l.gone_at
from latest l
left join jira_cards card on card.key = split_part(l.key, '|', 1)
left join cases k on k.case_number = card.case_number
"""

# Rows whose card left their case, or whose id is now another's.
LEFT = """
delete from jira_comments c using told_comments t
where c.jira_comment_id = {id} and c.card_key = split_part(t.key, '|', 1)
    and t.id is distinct from c.jira_comment_id
"""
ORPHANED = """
delete from jira_comments c using jira_cards card
where card.key = c.card_key and card.case_number is distinct from c.case_number
    and card.key in (select key from touched where entity = 'card')
    and not exists (select from cases k where k.case_number = card.case_number)
"""

CARD_COMMENTS = """
insert into jira_comments as known (
    jira_comment_id, case_number, created_date, author, body, last_update_date, card_key, gone_at
)
select id, case_number, created_date, author, body, created, card_key, gone_at
from told_comments where id is not null
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
    connection.execute(text("analyze moved_comments"))
    connection.execute(text(NAMESAKES))
    connection.execute(text("create index on moved_comments (key)"))
    connection.execute(text(TOLD))
    connection.execute(text(ORPHANED))
    for own in ("split_part(t.key, '|', 2)", "t.key"):
        connection.execute(text(LEFT.format(id=own)))
    connection.execute(text(CARD_COMMENTS))
