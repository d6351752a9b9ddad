"""The desk: indexes for the case table, words to search for, saved views."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations import live

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Letters and digits alone, lower case, without accents; each CJK character a word of its own.
SEARCH_FORM = r"""
create or replace function search_form(told text) returns text
language sql immutable parallel safe
return case
    when octet_length(told) = char_length(told) then
        translate(lower(told), E'!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32))
    else
        regexp_replace(
            translate(
                normalize(
                    regexp_replace(normalize(lower(told), nfkd), E'[\u0300-\u036f]', '', 'g'), nfc),
                E'!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~\u3001\u3002\u00b7\u2018\u2019\u201c\u201d',
                repeat(' ', 39)),
            E'([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])', ' \1 ', 'g')
end
"""

SEARCH_WORDS = """
create or replace function search_words(told text) returns tsvector
language sql immutable parallel safe
return to_tsvector('simple', search_form(told))
"""

# A name as indexes can hold it (an entry ends at some 2,700 bytes): of one that is no name, but a
# whole text, the beginning; the fact keeps all of it.
NAMED = """
create or replace function named(told text) returns text
language sql immutable parallel safe
return case when octet_length(told) <= 255 then told else left(told, 60) || E'\\u2026' end
"""
NAMES = (
    "account", "status", "owner", "engineer", "product", "group_name", "card", "card_status",
)  # fmt: skip
SHORTEN = f"""
update case_versions set {", ".join(f"{name} = named({name})" for name in NAMES)}
where greatest({", ".join(f"octet_length({name})" for name in NAMES)}) > 255;
update cases set account = named(account), owner = named(owner), status = named(status),
    product = named(product), group_name = named(group_name)
where greatest(octet_length(account), octet_length(owner), octet_length(status),
    octet_length(product), octet_length(group_name)) > 255
"""  # noqa: S608 - composed of the names above

# Everything that a case said at an instant. Its own texts come first: positions end at some 16,000
# words. Of its description only the latest is known.
CASE_WORDS = """
create or replace function case_words(number text, moment timestamptz default 'infinity')
returns tsvector
language sql stable parallel safe cost 100000 as $$
    select search_words(left(concat_ws(' ',
        v.case_number, v.card, v.summary, left(k.description, 100000),
        (select string_agg(concat_ws(' ', l.key, b.summary), ' ' order by l.key)
            from case_bugs l join bugs b on b.tracker = l.tracker and b.key = l.key
            where l.case_number = number and l.linked_at <= moment
                and (l.unlinked_at is null or l.unlinked_at > moment)),
        (select string_agg(left(c.comment_text, 20000), ' ' order by c.commented_at desc, c.id)
            from comments c
            where c.case_number = number and c.commented_at <= moment
                and (c.gone_at is null or c.gone_at > moment)),
        (select string_agg(left(c.body, 20000), ' ' order by c.last_update_date desc,
                c.jira_comment_id)
            from jira_comments c
            where c.case_number = number and c.last_update_date <= moment
                and (c.gone_at is null or c.gone_at > moment))
    ), 400000))
    from case_versions v join cases k on k.case_number = v.case_number
    where v.case_number = number and v.valid_from <= moment
        and (v.valid_to > moment or v.valid_to = 'infinity')
$$
"""

# Each word that was typed, with what is looked for: words that begin so; else, of a word that no
# case says, the most similar ones.
SEARCH_TERMS = """
create or replace function search_terms(told text)
returns table (place bigint, typed text, term text, kin text[])
language sql stable parallel safe as $$
    with typed as (
        select place, word, array_remove(string_to_array(search_form(word), ' '), '') as parts
        from regexp_split_to_table(btrim(left(told, 300)), '\\s+') with ordinality w(word, place)
    ),
    judged as (
        select t.*,
            case when cardinality(parts) = 1 and parts[1] ~ '^[a-z]{4,30}$' and not exists (
                select from known_words k where k.word like parts[1] || '%'
            ) then array(
                select k.word from known_words k
                where k.word % parts[1] and abs(length(k.word) - length(parts[1])) <= 2
                order by similarity(k.word, parts[1]) desc, k.word limit 3
            ) else '{}' end as kin
        from typed t where cardinality(parts) > 0
    )
    select place, word,
        case when kin <> '{}' then '(''' || array_to_string(kin, ''' | ''') || ''')'
            else '''' || array_to_string(parts, ''' <-> ''') || ''':*' end,
        kin
    from judged
$$
"""

SEARCH_QUERY = """
create or replace function search_query(told text) returns tsquery
language sql stable parallel safe as $$
    select string_agg(term, ' & ' order by place)::tsquery from search_terms(told)
$$
"""

FILL = """
insert into case_words select case_number, case_words(case_number) from cases
where case_number > :after and case_number <= :upto
on conflict (case_number) do update set words = excluded.words
"""
FILL_KNOWN = """
insert into known_words
select distinct w.lexeme from case_words c cross join unnest(c.words) w
where w.lexeme ~ '^[a-z]{4,30}$'
on conflict do nothing
"""
WORDS = """
create table if not exists case_words (
    case_number text primary key, words tsvector not null,
    constraint case_words_case_number_fkey foreign key (case_number)
        references cases (case_number) on update cascade
);
create table if not exists known_words (word text primary key)
"""
# A version never says that it was updated after it began: as-of pages rely on it.
UPDATED = """
update case_versions set updated_at = valid_from
where updated_at > valid_from and case_number > :after and case_number <= :upto
"""
UPDATED_BEFORE = """
alter table case_versions drop constraint if exists updated_before;
alter table case_versions add constraint updated_before check (updated_at <= valid_from) not valid;
alter table case_versions validate constraint updated_before
"""

CURRENT = "valid_to = 'infinity' and not gone"
OPEN = "valid_to = 'infinity' and is_open"
NEWEST = "updated_at desc, case_number"
CLOSED = "(case when not is_open then closed_at end)"
SPAN = "valid_from, valid_to, is_open, gone"
NARROW = (
    "is_open, updated_at, created_date, closed_at, status_since, severity, status, waiting_on, "
    "account, engineer, owner, product, group_name, card, card_status, escalated, crit_sit"
)
# Keys, what lies beside them, and the condition.
ORDERS = {
    "updated": (NEWEST, SPAN, None),
    "current": ("case_number", NARROW, CURRENT),
    "current_updated": (NEWEST, "is_open", CURRENT),
    "current_created": ("created_date, case_number", "is_open", CURRENT),
    "current_closed": (
        "(case when not is_open then closed_at end), case_number",
        "is_open",
        CURRENT,
    ),
    "current_account": (f'account collate "C", {NEWEST}', "is_open", CURRENT),
    "current_engineer": (f'engineer collate "C", {NEWEST}', "is_open", CURRENT),
    "current_product": (f'product collate "C", {NEWEST}', "is_open", CURRENT),
    "gone": (NEWEST, "is_open", "valid_to = 'infinity' and gone"),
    "open_now": ("case_number", NARROW, OPEN),
    "open_updated": (NEWEST, "is_open", OPEN),
    "open_created": ("created_date, case_number", "is_open", OPEN),
    "open_severity": (f"severity, {NEWEST}", "is_open", OPEN),
    "open_status": (f'status collate "C", {NEWEST}', "is_open", OPEN),
    "open_account": (f'account collate "C", {NEWEST}', "is_open", OPEN),
    "open_engineer": (f'engineer collate "C", {NEWEST}', "is_open", OPEN),
    "open_product": (f'product collate "C", {NEWEST}', "is_open", OPEN),
}


def upgrade() -> None:
    with live.beside():
        op.execute("create extension if not exists pg_trgm")
        op.execute(NAMED)
        with live.patient():
            for statement in SHORTEN.split(";"):
                op.execute(statement)
        live.in_batches(UPDATED)
        for statement in UPDATED_BEFORE.split(";"):
            op.execute(statement)
        for name, (keys, beside, where) in ORDERS.items():
            chosen = f" where {where}" if where else ""
            live.build_index(
                f"ix_case_versions_{name}", f"case_versions ({keys}) include ({beside}){chosen}"
            )
        _words()
    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column(
            "layout",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        *(
            sa.Column(
                name,
                sa.DateTime(timezone=True),
                server_default=sa.text("clock_timestamp()"),
                nullable=False,
            )
            for name in ("created_at", "updated_at")
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_saved_views_own",
        "saved_views",
        ["owner", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at is null and not team"),
    )
    op.create_index(
        "ux_saved_views_team",
        "saved_views",
        [sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at is null and team"),
    )
    op.create_table(
        "view_marks",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opening", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("person", "view"),
    )
    op.create_index(
        "ux_view_marks_opening",
        "view_marks",
        ["person"],
        unique=True,
        postgresql_where=sa.text("opening"),
    )
    op.add_column("data_version", sa.Column("latest", sa.DateTime(timezone=True), nullable=True))
    op.execute("update data_version set latest = (select max(valid_from) from case_versions)")


def _words() -> None:
    """Fill what a search looks through; older versions of Caseboard do not know it."""
    for statement in WORDS.split(";"):
        op.execute(statement)
    for statement in (SEARCH_FORM, SEARCH_WORDS, CASE_WORDS, SEARCH_TERMS, SEARCH_QUERY):
        op.execute(sa.text(statement.replace(":", r"\:")))
    live.in_batches(FILL)
    op.execute(FILL_KNOWN)
    live.build_index("ix_case_words_words", "case_words using gin (words)")
    live.build_index("ix_known_words_kin", "known_words using gin (word gin_trgm_ops)")
    live.build_index("ix_known_words_prefix", "known_words (word text_pattern_ops)")


def downgrade() -> None:
    op.execute("drop function search_query(text)")
    op.execute("drop function search_terms(text)")
    op.execute("drop function case_words(text, timestamptz)")
    op.execute("drop function search_words(text)")
    op.execute("drop function search_form(text)")
    op.execute("alter table case_versions drop constraint updated_before")
    op.drop_column("data_version", "latest")
    for table in ("view_marks", "saved_views", "known_words", "case_words"):
        op.drop_table(table)
    op.execute("drop function named(text)")
    for name in ORDERS:
        op.drop_index(f"ix_case_versions_{name}", table_name="case_versions")
