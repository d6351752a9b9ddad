"""While which cases had two tracking cards or more, from the versions of cards."""

from sqlalchemy import Connection, text

CLEAR = "delete from card_overlaps using touched_cases where case_number = key"

# Ranges of time as sets: what two cards of a case have in common, for every pair of cards.
OVERLAPS = """
insert into card_overlaps (case_number, valid_from, valid_to)
with tracked as (
    select key as number, card, range_agg(tstzrange(valid_from, valid_to)) as held
    from card_spans where kind = 'tracking' group by key, card
),
together as (
    select a.number, range_agg(a.held * b.held) as held
    from tracked a join tracked b on b.number = a.number and b.card > a.card
    where a.held && b.held
    group by a.number
)
select number, lower(span), upper(span) from together, unnest(held) span
"""


def rebuild(connection: Connection) -> None:
    """Derive the overlaps of the cases in `touched_cases`, from the temp table `card_spans`."""
    connection.execute(text(CLEAR))
    connection.execute(text(OVERLAPS))
