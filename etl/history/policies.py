"""Which policies of the SLA the roll-up of counts goes by: a load learns those that are new."""

from sqlalchemy import Connection, text

from etl.history.clocks import clocks
from etl.history.counts import OF_CASES, ROLL_UP
from etl.history.rollup import CASE_VERSIONS

NEWEST = "select max(valid_from) from sla_policies where not rolled"
MARK = "update sla_policies set rolled = true where not rolled and valid_from <= :newest"
# What lasts beyond the beginning of the first policy that is new; everything, where none was known
# before it.
SPELLS = f"""
(
    select v.* from {CASE_VERSIONS} v, (
        select min(valid_from) filter (where not rolled) as new,
            max(valid_from) filter (where rolled) as known
        from sla_policies
    ) policies
    where is_open and spell_to > case when new > known then new else '-infinity' end
) spells
"""
# What their clocks say under all policies, less what they said under those known before.
LEARN = ROLL_UP.added(
    (
        ROLL_UP.told(SPELLS, (clocks(OF_CASES, "rolled or valid_from <= :newest"),)),
        ROLL_UP.told(SPELLS, (clocks(OF_CASES),), "-1"),
    )
)


def learn(connection: Connection) -> None:
    """Bring the roll-up to what clocks say under the policies that are new, and mark these."""
    newest = connection.execute(text(NEWEST)).scalar()
    if newest is not None:
        connection.execute(text(LEARN), {"newest": newest})
        connection.execute(text(MARK), {"newest": newest})


def mark(connection: Connection) -> None:
    """Mark all policies, as the roll-up is about to be derived anew."""
    connection.execute(text(MARK), {"newest": connection.execute(text(NEWEST)).scalar()})
