"""History: what follows from the facts in `changes`.

Versions and current rows are a function of the set of facts alone. Facts of one field are ordered
by (time, sequence, value), never by when they arrived, so late arrivals, repeats and several
writers end in the same rows, and everything can be rebuilt with an identical result.
"""

from sqlalchemy import Connection, text

from app import revisions
from app.database import transaction
from etl.errors import Later
from etl.history import bugs, cards, cases, comments, overlaps, search, spans, steps, touched
from etl.runs import may_begin

# Derived rows must see all facts, so one writer at a time derives.
LOCK = "select pg_advisory_xact_lock(hashtext('caseboard case history'))"

TOUCHED = """
create temp table touched on commit drop as
select entity, key, min(at) as since, max(at) as until from {facts} group by entity, key
"""

# What is known of bugs tells of cases, too.
LATEST = """
update data_version set latest = greatest(
    latest,
    (select max(valid_from) from told_versions),
    (select max(until) from touched where entity in ('bug', 'link'))
)
"""


def lock(connection: Connection) -> None:
    """Wait until this transaction is the only one that derives history."""
    connection.execute(text(LOCK))


def rebuild(connection: Connection) -> None:
    """Derive versions and current rows of what the temp table `fresh_facts` tells of."""
    _derive(connection, "fresh_facts", touched.TOLD)


def rebuild_all() -> int:
    """Derive everything anew from the facts; the result is identical. Tells how many cases.

    Later for tables that are not of this release, or are being migrated.
    """
    with transaction() as connection:
        if not may_begin(connection):
            raise Later(f"Nothing was derived: the tables are {revisions.look().words()}.")
        connection.execute(text("set local statement_timeout = 0"))
        lock(connection)
        derive_all(connection)
        connection.execute(text("analyze case_versions"))
        connection.execute(
            text("update data_version set version = version + 1, changed_at = clock_timestamp()")
        )
        known = connection.execute(text("select count(*) from touched where entity = 'case'"))
        return int(known.scalar_one())


def derive_all(connection: Connection) -> None:
    """Derive everything anew in a transaction that holds the lock."""
    _derive(connection, "changes", touched.ALL, entire=True)


def _derive(connection: Connection, facts: str, chosen: str, *, entire: bool = False) -> None:
    connection.execute(text(TOUCHED.format(facts=facts)))
    connection.execute(text("create index on touched (entity, key)"))
    connection.execute(text("analyze touched"))
    touched.touch(connection, chosen)
    told = set(connection.execute(text("select distinct entity from touched")).scalars())
    if "card" in told:
        cards.rebuild(connection)
    connection.execute(text("analyze touched_cases"))
    if not entire:
        steps.before(connection)
    cases.rebuild(connection)
    overlaps.rebuild(connection)
    if told & {"bug", "link"}:
        bugs.rebuild(connection)
        spans.rebuild(connection)
    # The difference to what was said before would keep a fault; derived anew, there is none.
    (steps.fill if entire else steps.after)(connection)
    if told & {"case", "comment", "card", "card_comment"}:
        comments.rebuild(connection)
    search.rebuild(connection, facts)
    connection.execute(text(LATEST))
